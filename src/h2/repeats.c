/* Remembers fingerprints of field values, to tell those that come back from those that
 * never do. */
#include "h2/repeats.h"

#include <string.h>

#define FRESH_MAX 6u
/* From here on a new value is not added. */
#define FRESH_ENOUGH 3u
/* Values of one name; with more, half of the bits would soon be set. */
#define VALUES_MAX 16

/* Of the ends and the length: what identifies differs there. */
static uint32_t fingerprint(struct fr_str s)
{
	uint64_t a = 0, b = 0;

	if (s.len >= sizeof a) {
		memcpy(&a, s.p, sizeof a);
		memcpy(&b, s.p + s.len - sizeof b, sizeof b);
	} else if (s.len) {
		memcpy(&a, s.p, s.len);
	}
	a = (a ^ s.len) * 0x9e3779b97f4a7c15ull;
	a = (a ^ (a >> 29) ^ b) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(a >> 32);
}

bool fr_h2_is_unique_value(struct fr_h2_repeats *r, struct fr_str name, struct fr_str value)
{
	uint32_t print = fingerprint(name);
	uint16_t id = (uint16_t)(print >> 16 | 1);
	uint64_t bit = 1ull << fingerprint(value) % 64;
	struct fr_h2_repeat *at = &r->v[print % FR_H2_REPEATS_NAMES];

	if (at->name != id) {
		*at = (struct fr_h2_repeat){.name = id, .values = bit, .fresh = 1};
		return false;
	}
	if (at->values & bit) {
		at->fresh = at->fresh > 1 ? (uint8_t)(at->fresh - 2) : 0;
		return false;
	}
	if (__builtin_popcountll(at->values) >= VALUES_MAX)
		at->values = 0;
	at->values |= bit;
	if (at->fresh < FRESH_MAX)
		at->fresh++;
	return at->fresh >= FRESH_ENOUGH;
}
