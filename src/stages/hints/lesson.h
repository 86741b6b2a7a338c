/* One load of a page as a lesson: what it may teach, under which keys of the
 * hint memory, and who brought it. The one place in the edge that asks
 * hints/teach.h for pages; Link fields (stages/hints/learn.c) and HTML (stages/hints/html_watch.c)
 * are remembered through it alike.
 *
 * KEYS. A page is kept under the key of its path, with as much of the query as
 * the site's settings say. A request that has more query than that has a key
 * of its own, with the whole query; what several clients saw with several
 * queries is kept for all of them under a third one (with hints.query_only: under
 * that of the path). Where responses say that
 * they vary by User-Agent, Accept-Language or client hints, each key has the
 * request's variant behind it. */
#ifndef FR_STAGES_HINTS_LESSON_H
#define FR_STAGES_HINTS_LESSON_H

#include "exchange/exchange.h"
#include "hints/memory.h"
#include "hints/teach.h"
#include "hints/witness.h"

struct fr_shared;
struct fr_config_hints;

/* Strings in the arena that was given. */
struct fr_page_keys {
	struct fr_str path; /* what settings say, without a variant */
	struct fr_str
		whole;     /* with the whole query, without a variant; path itself if that has it */
	struct fr_str own; /* of this request's page */
	struct fr_str
		shared; /* of what queries have in common; empty: its own has the whole query */
};
/* Without variants: own is whole. 0 or FR_ERR_NOMEM, FR_ERR_SYNTAX. */
int fr_page_keys_make(struct fr_arena *a, const struct fr_config_hints *settings,
                      const struct fr_request *req, struct fr_page_keys *out) FR_MUST_USE;
/* With the request's variant among what the path's responses vary by. 0 or FR_ERR_NOMEM. */
int fr_page_keys_vary(struct fr_arena *a, const struct fr_request *req, uint32_t vary,
                      struct fr_page_keys *keys) FR_MUST_USE;

/* Who asks, to the memory of hints. req: the client's request, or its copy. */
struct fr_witness fr_lesson_witness(const struct fr_exchange *ex, const struct fr_request *req);

struct fr_lesson {
	struct fr_shared *shared; /* borrowed */
	struct fr_page_keys keys;
	struct fr_witness who;
	enum fr_teach_reason reason;        /* of the page's own key */
	enum fr_teach_reason shared_reason; /* of what its queries have in common */
	uint64_t query; /* of the page's own; 0: it has none beyond the path's key */
	unsigned witnesses;
	uint32_t think_ms;
};
/* Of a request and its response: ex says whose they are and under which
 * configuration. Notes the form of the path. False: it teaches nobody. */
bool fr_lesson_make(struct fr_arena *a, const struct fr_exchange *ex, const struct fr_request *req,
                    const struct fr_response *resp, struct fr_lesson *out);

/* All hints of one source in this load. */
struct fr_lesson_hints {
	enum fr_hint_source source;
	const struct fr_remembered *v;
	size_t n;
	bool is_partial;
};
/* Remembers them; out: of the page's own key. */
void fr_lesson_see(const struct fr_lesson *l, const struct fr_lesson_hints *hints,
                   struct fr_hint_seen *out);

#endif
