/* Judges one link of a page by rules that need no network: what it points at, and whether
 * they forbid pushing it or naming it in a 103. Used by hints/plan. All memory is the
 * plan's arena. No I/O, no clock. */
#ifndef FR_HINTS_JUDGE_H
#define FR_HINTS_JUDGE_H

#include "hints/plan.h"

/* Resolves the link's target against the page and fills target, whole, as,
 * rank, against.push and against.early of the hint, whose link, flags and source are set.
 * False: it is no statement about an asset (malformed, for another context,
 * the page itself): nothing to remember, only to be explained. */
bool fr_hint_judge(const struct fr_plan *p, struct fr_hint *hint);

/* Sets its rank, by its `as` and flags. */
void fr_hint_rank(struct fr_hint *hint);

/* Would it be of use to another load of the page? */
bool fr_hint_is_memorable(const struct fr_hint *hint);

/* Appends the Link value that a 103 carries for the hint: only the parameters
 * that browsers know there, since Chromium ignores a link with any other.
 *   "</app.css>; rel=preload; as=style"
 * *out in the arena. 0 or FR_ERR_NOMEM. */
int fr_hint_early_link(struct fr_arena *a, const struct fr_hint *hint,
                       struct fr_str *out) FR_MUST_USE;

#endif
