/* One load of a page as a lesson: what it may teach, under which keys of the
 * hint memory, and who brought it. The one place in the edge that asks
 * hints/teach.h for pages; Link fields (stages/hints/learn.c) and HTML (stages/hints/html_watch.c)
 * are remembered through it alike.
 */
#ifndef FR_STAGES_HINTS_LESSON_H
#define FR_STAGES_HINTS_LESSON_H

#include "exchange/exchange.h"
#include "exchange/page_keys.h"
#include "hints/memory.h"
#include "hints/teach.h"
#include "hints/witness.h"

struct fr_shared;

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
