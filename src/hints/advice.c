/* Learns from resets whether pushes of an asset pay for one kind of client. */
#include "hints/advice.h"

#include <stddef.h>

#include "base/err.h"
#include "base/holds.h"

static const uint8_t allowed[] = {
	[FR_PUSH_ADVICE_YES] = FR_BIT(FR_PUSH_ADVICE_LATE),
	[FR_PUSH_ADVICE_LATE] = FR_BIT(FR_PUSH_ADVICE_YES) | FR_BIT(FR_PUSH_ADVICE_NO),
	[FR_PUSH_ADVICE_NO] = FR_BIT(FR_PUSH_ADVICE_TRIAL),
	[FR_PUSH_ADVICE_TRIAL] = FR_BIT(FR_PUSH_ADVICE_LATE) | FR_BIT(FR_PUSH_ADVICE_NO),
};

static bool set_state(struct fr_push_score *s, enum fr_push_advice to)
{
	if (!FR_HOLDS(allowed[s->state] & FR_BIT(to)))
		return false;
	s->state = (uint8_t)to;
	s->count = 0;
	return true;
}

enum fr_push_advice fr_push_score_ask(struct fr_push_score *s)
{
	if (s->state == FR_PUSH_ADVICE_NO) {
		if (++s->count < FR_PUSH_TRIAL_EVERY)
			return FR_PUSH_ADVICE_NO;
		(void)set_state(s, FR_PUSH_ADVICE_TRIAL);
	} else if (s->state == FR_PUSH_ADVICE_TRIAL) {
		if (++s->count < FR_PUSH_TRIAL_LOST)
			return FR_PUSH_ADVICE_NO;
		s->count = 0; /* this one is the trial now */
	}
	return (enum fr_push_advice)s->state;
}

static void count_push(struct fr_push_score *s, bool cancelled)
{
	s->pushes++;
	s->cancels = (uint8_t)(s->cancels + cancelled);
	if (s->pushes >= FR_PUSH_SCORE_MAX) {
		s->pushes /= 2;
		s->cancels /= 2;
	}
}

static bool learn_late(struct fr_push_score *s, bool cancelled)
{
	if (cancelled) {
		s->count = 0;
		return s->cancels >= FR_PUSH_NO_CANCELS && s->cancels * 4 > s->pushes * 3 &&
		       set_state(s, FR_PUSH_ADVICE_NO);
	}
	if (++s->count < FR_PUSH_BACK_COMPLETIONS)
		return false;
	s->pushes = s->cancels = 0;
	return set_state(s, FR_PUSH_ADVICE_YES);
}

bool fr_push_score_learn(struct fr_push_score *s, bool cancelled)
{
	switch ((enum fr_push_advice)s->state) {
	case FR_PUSH_ADVICE_YES:
		count_push(s, cancelled);
		return s->cancels >= FR_PUSH_LATE_CANCELS && s->cancels * 2 > s->pushes &&
		       set_state(s, FR_PUSH_ADVICE_LATE);
	case FR_PUSH_ADVICE_LATE:
		count_push(s, cancelled);
		return learn_late(s, cancelled);
	case FR_PUSH_ADVICE_NO:
		return false;
	case FR_PUSH_ADVICE_TRIAL:
		if (cancelled)
			return set_state(s, FR_PUSH_ADVICE_NO);
		s->pushes = 1;
		s->cancels = 0;
		return set_state(s, FR_PUSH_ADVICE_LATE);
	}
	return false;
}

bool fr_push_score_is_valid(const struct fr_push_score *s)
{
	static const uint8_t count_limits[] = {
		[FR_PUSH_ADVICE_YES] = 1,
		[FR_PUSH_ADVICE_LATE] = FR_PUSH_BACK_COMPLETIONS,
		[FR_PUSH_ADVICE_NO] = FR_PUSH_TRIAL_EVERY,
		[FR_PUSH_ADVICE_TRIAL] = FR_PUSH_TRIAL_LOST,
	};

	return s->cancels <= s->pushes && s->pushes < FR_PUSH_SCORE_MAX &&
	       s->state < FR_ARRAY_LEN(count_limits) && s->count < count_limits[s->state];
}
