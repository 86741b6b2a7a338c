/* The table of a trial's states. */
#include "hints/proof/trial.h"

#include "base/enum.h"

FR_ENUM_STR(fr_trial_str, fr_trial_state, FR_TRIAL_TABLE)
FR_ENUM_STR(fr_harm_str, fr_harm, FR_HARM_TABLE)

static const uint8_t next[FR_TRIAL_COUNT][FR_TRIAL_EVENTS] = {
	[FR_TRIAL_NEW] = {[FR_TRIAL_BEGUN] = FR_TRIAL_ALL,
                          [FR_TRIAL_HARM] = FR_TRIAL_NEW,
                          [FR_TRIAL_AGAIN] = FR_TRIAL_NEW},
	[FR_TRIAL_ALL] = {[FR_TRIAL_BEGUN] = FR_TRIAL_ALL,
                          [FR_TRIAL_HARM] = FR_TRIAL_BLOCKING,
                          [FR_TRIAL_AGAIN] = FR_TRIAL_ALL},
	[FR_TRIAL_BLOCKING] = {[FR_TRIAL_BEGUN] = FR_TRIAL_BLOCKING,
                               [FR_TRIAL_HARM] = FR_TRIAL_NONE,
                               [FR_TRIAL_AGAIN] = FR_TRIAL_ALL},
	[FR_TRIAL_NONE] = {[FR_TRIAL_BEGUN] = FR_TRIAL_NONE,
                           [FR_TRIAL_HARM] = FR_TRIAL_NONE,
                           [FR_TRIAL_AGAIN] = FR_TRIAL_ALL},
};

enum fr_trial_state fr_trial_next(enum fr_trial_state s, enum fr_trial_event e)
{
	return (enum fr_trial_state)next[s][e];
}

enum fr_arm fr_trial_arm(enum fr_trial_state s)
{
	switch (s) {
	case FR_TRIAL_NEW:
	case FR_TRIAL_ALL:
		return FR_ARM_ALL;
	case FR_TRIAL_BLOCKING:
		return FR_ARM_BLOCKING;
	case FR_TRIAL_NONE:
	case FR_TRIAL_COUNT:
		break;
	}
	return FR_ARM_NONE;
}
