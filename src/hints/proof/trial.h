/* The state of one page template's hints: on trial, or switched down because they harm.
 *
 *            begun            harm              harm
 *    NEW ----------> ALL ------------> BLOCKING ----> NONE
 *                     ^                   |             |
 *                     '-------------------+-------------'
 *                       again: a week has passed, or the page has changed
 *
 * NEW: too few loads; every visitor gets all hints. ALL, BLOCKING: a share of the visitors is
 * held out, and the others get all hints, or only what rendering waits for. NONE: nobody gets
 * hints. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_TRIAL_H
#define FR_HINTS_PROOF_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "hints/proof/arm.h"

#define FR_TRIAL_AGAIN_S (7 * 86400) /* after a switch */
/* Loads in a row whose page has another skeleton: then the page has changed. */
#define FR_TRIAL_CHANGED_LOADS 16u

#define FR_TRIAL_TABLE(X)                                                                          \
	X(NEW, "new")                                                                              \
	X(ALL, "all")                                                                              \
	X(BLOCKING, "blocking")                                                                    \
	X(NONE, "none")
enum fr_trial_state {
#define X(id, text) FR_TRIAL_##id,
	FR_TRIAL_TABLE(X)
#undef X
		FR_TRIAL_COUNT
};

enum fr_trial_event {
	FR_TRIAL_BEGUN, /* it has loads enough */
	FR_TRIAL_HARM,  /* what visitors get now harms */
	FR_TRIAL_AGAIN, /* a week has passed, or the page has changed */
	FR_TRIAL_EVENTS
};

/* Why hints were switched down, in the words of the status. */
#define FR_HARM_TABLE(X)                                                                           \
	X(NONE, "none")                                                                            \
	X(PAINT, "first paint later")                                                              \
	X(COMPLETE, "page complete later")                                                         \
	X(FIRST_BYTE, "first byte later")                                                          \
	X(RESETS, "pushes cancelled")                                                              \
	X(WASTE, "pushed bytes wasted")
enum fr_harm {
#define X(id, text) FR_HARM_##id,
	FR_HARM_TABLE(X)
#undef X
		FR_HARM_COUNT
};

const char *fr_trial_str(enum fr_trial_state s);
const char *fr_harm_str(enum fr_harm h);

/* The state after an event; the same one if the event means nothing in it. */
enum fr_trial_state fr_trial_next(enum fr_trial_state s, enum fr_trial_event e);
/* What visitors get that are not held out. */
enum fr_arm fr_trial_arm(enum fr_trial_state s);

#endif
