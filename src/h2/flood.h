/* Token buckets: they allow a burst of `burst` events and a sustained rate of `per_second`
 * events per second. No clock: the time is an argument. */
#ifndef FR_H2_FLOOD_H
#define FR_H2_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

struct fr_bucket {
	uint64_t milli_tokens; /* thousandths, so that slow rates add up */
	uint64_t last_ms;
	uint32_t burst, per_second;
};

static inline void fr_bucket_init(struct fr_bucket *b, uint32_t burst, uint32_t per_second,
                                  uint64_t now_ms)
{
	*b = (struct fr_bucket){(uint64_t)burst * 1000, now_ms, burst, per_second};
}

static inline void fr_bucket_add(struct fr_bucket *b, uint32_t tokens)
{
	uint64_t max = (uint64_t)b->burst * 1000;

	b->milli_tokens += (uint64_t)tokens * 1000;
	if (b->milli_tokens > max)
		b->milli_tokens = max;
}

/* Takes one token; false if there is none: that is a flood. */
static inline bool fr_bucket_take(struct fr_bucket *b, uint64_t now_ms)
{
	uint64_t max = (uint64_t)b->burst * 1000;

	if (now_ms > b->last_ms) {
		uint64_t passed = now_ms - b->last_ms;

		/* beyond this the bucket is full whatever the rate */
		if (passed > 3600000)
			passed = 3600000;
		b->milli_tokens += passed * b->per_second;
		if (b->milli_tokens > max)
			b->milli_tokens = max;
		b->last_ms = now_ms;
	}
	if (b->milli_tokens < 1000)
		return false;
	b->milli_tokens -= 1000;
	return true;
}

#endif
