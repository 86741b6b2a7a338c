/* Learning from resets: what one kind of client did with the pushes of one
 * asset, and whether to push it again. Recent pushes count: at
 * FR_PUSH_SCORE_MAX both counters are halved.
 *
 *            3 cancels, more than 1/2       5 cancels, more than 3/4
 *       YES ------------------------> LATE ------------------------> NO <---------.
 *        ^   3 completed in a row     | ^                            |  cancelled |
 *        '----------------------------' |    every 16th opportunity  v            |
 *                                       '-------------------------- TRIAL --------'
 *                                                  completed
 *
 * YES: as the plan has it. LATE: after the page. NO: not at all. TRIAL: one
 * push is under way to see whether that is still right; no other is made until
 * it ended, or until FR_PUSH_TRIAL_LOST opportunities went by and it is taken
 * for lost (the connection ended before it was promised).
 *
 * An outcome in NO is that of a push from before, and counts for nothing; in TRIAL
 * the first that arrives is taken for the trial's. No I/O, no clock, no lock. */
#ifndef FR_HINTS_ADVICE_H
#define FR_HINTS_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#define FR_PUSH_SCORE_MAX 16u   /* pushes that count */
#define FR_PUSH_LATE_CANCELS 3u /* at least, and more than half */
#define FR_PUSH_NO_CANCELS 5u   /* at least, and more than three quarters */
#define FR_PUSH_TRIAL_EVERY 16u /* opportunities */
#define FR_PUSH_TRIAL_LOST 64u  /* opportunities */
#define FR_PUSH_BACK_COMPLETIONS 3u

enum fr_push_advice {
	FR_PUSH_ADVICE_YES,
	FR_PUSH_ADVICE_LATE,
	FR_PUSH_ADVICE_NO,
	FR_PUSH_ADVICE_TRIAL
};

/* {0}: nothing known, push. */
struct fr_push_score {
	uint8_t pushes, cancels; /* recent: cancels <= pushes < FR_PUSH_SCORE_MAX */
	uint8_t state;           /* enum fr_push_advice; TRIAL: one is under way */
	uint8_t count;           /* LATE: completions in a row; NO, TRIAL: opportunities */
};

/* To push or not: an opportunity. TRIAL: push, and tell what became of it. */
enum fr_push_advice fr_push_score_ask(struct fr_push_score *s);
/* A push ended: cancelled by the client, or completed. True if that changed
 * the advice. */
bool fr_push_score_learn(struct fr_push_score *s, bool cancelled);
/* Could a score be so? For what was read from elsewhere. */
bool fr_push_score_is_valid(const struct fr_push_score *s);

#endif
