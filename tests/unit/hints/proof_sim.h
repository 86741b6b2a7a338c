/* Page loads for the tests of hints/proof: seeded, so that each run sees the same ones. */
#ifndef FR_UNIT_PROOF_SIM_H
#define FR_UNIT_PROOF_SIM_H

#include <math.h>
#include <stdint.h>

struct sim {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t sim_bits(struct sim *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* In (0, 1). */
static inline double sim_uniform(struct sim *s)
{
	return ((double)(sim_bits(s) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double sim_normal(struct sim *s)
{
	double r = sqrt(-2 * log(sim_uniform(s)));

	return r * cos(6.283185307179586 * sim_uniform(s));
}

#endif
