/* The model of a browser loading one page: what it finds, when it asks for it and at which
 * priority, what rendering waits for, how pushes and hints are matched with what the page
 * turns out to need. No network and no clock: it asks through `request`, is told what
 * arrives and when (microseconds since the load began), and fills a fr_measurement. wire.h
 * speaks HTTP/2 for it; loader.h runs it on sockets; its tests run it in model time.
 *
 * What arrives becomes jobs of the browser's main thread (thread.h), which run one at a
 * time; resources that a job finds are requested at its end. cpu.h has the jobs' costs,
 * which a factor scales; with 0 they take no time.
 *
 *   page's head      -> commit: requests of its Link fields
 *   page's data      -> parse -> markup -> request what is found
 *   style sheet came -> parse -> its imports; once no blocking one is missing:
 *                       layout -> fonts and pictures that apply, after what waits
 *   script came      -> run, in the order of the page, after style sheets that block
 *   103              -> request at once; a use found later is matched with it
 *   promise          -> kept until a use is found
 *
 * The page is drawn a while after the first layout, which waits for something to draw and
 * all that blocks rendering; it is complete when all that it needs has come. What scripts
 * would load is not seen. */
#ifndef FR_LAB_MODEL_PAGE_H
#define FR_LAB_MODEL_PAGE_H

#include "http/message.h"
#include "http/url.h"
#include "lab/measurement/measurement.h"

struct fr_page_ops {
	/* Ask for entry i (url, as, urgency, flags are set). False: its origin cannot
	 * be asked; the entry is left out as skipped. */
	bool (*request)(void *user, size_t i);
	/* All that the page needs is there, or has failed, and the main thread has
	 * nothing to do. Once; from within an event. */
	void (*on_complete)(void *user);
};

struct fr_page_options {
	bool early_hints;     /* acts on 103 */
	unsigned cpu_percent; /* of the times in cpu.h; 0: no time at all */
};

struct fr_page;
/* load (initialised with the page's URL) and ops: borrowed. 0; FR_ERR_SYNTAX
 * if the URL is not an https one. */
int fr_page_new(struct fr_measurement *load, const struct fr_page_options *options,
                const struct fr_page_ops *ops, void *user, struct fr_page **out) FR_MUST_USE;
void fr_page_free(struct fr_page **p);

/* Navigates: asks for entry 0. */
void fr_page_begin(struct fr_page *p, uint64_t now_us);
void fr_page_informational(struct fr_page *p, size_t i, const struct fr_response *resp,
                           uint64_t now_us);
void fr_page_head(struct fr_page *p, size_t i, const struct fr_response *resp, uint64_t now_us);
void fr_page_data(struct fr_page *p, size_t i, const uint8_t *data, size_t len, uint64_t now_us);
/* ok: the body is whole. Not ok: reset, or the connection went. */
void fr_page_end(struct fr_page *p, size_t i, bool ok, uint64_t now_us);
/* A promise; the number of its entry, or negative: refuse it (not this
 * page's origin, or on its way already; counted). */
int fr_page_promise(struct fr_page *p, const struct fr_request *req, uint64_t now_us);
/* When the main thread will have done something, for which fr_page_advance is to
 * be called then; UINT64_MAX: it has nothing to do. */
uint64_t fr_page_next(const struct fr_page *p);
void fr_page_advance(struct fr_page *p, uint64_t now_us);
bool fr_page_is_complete(const struct fr_page *p);
/* The load is over, complete or not: computes the figures. */
void fr_page_finish(struct fr_page *p, uint64_t now_us);

#endif
