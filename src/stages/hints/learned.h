/* What visitors' loads have shown, in a page's plan: adds what they need, and takes the place
 * of what other sources name and nobody needs. And the way back: tells the model what an answer
 * names. */
#ifndef FR_STAGES_HINTS_LEARNED_H
#define FR_STAGES_HINTS_LEARNED_H

#include "exchange/exchange.h"
#include "hints/learning/load.h"
#include "stages/hints/lesson.h"

/* Asks the model about the page and its client. */
void fr_learned_recall(struct fr_exchange *page);
/* Judges the plan's hints of other sources, then adds what is learned. */
void fr_learned_join(struct fr_exchange *page);
/* Judges what the response names: only what is known not to be needed loses its place. */
void fr_learned_judge_response(struct fr_exchange *page);

/* What an answer will be told to the model as; strings are copied into the arena. */
struct fr_learned_answer {
	struct fr_model *model; /* borrowed; NULL: nothing is told */
	struct fr_load_client client;
	struct fr_str authority, page;
	unsigned witnesses;
	bool is_public;
};
/* 0 or FR_ERR_NOMEM. */
int fr_learned_answer_of(struct fr_arena *a, const struct fr_exchange *ex,
                         const struct fr_request *req, const struct fr_lesson *lesson,
                         struct fr_learned_answer *out) FR_MUST_USE;
/* All that it names. */
void fr_learned_answer_tell(const struct fr_learned_answer *answer, struct fr_arena *a,
                            const struct fr_lesson_hints *hints);

#endif
