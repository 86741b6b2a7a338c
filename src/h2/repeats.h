/* Tells which fields of one connection's responses repeat their value. HPACK's dynamic
 * table (RFC 7541 §2.3.2) evicts its oldest entries for each new one. A request id, which
 * never repeats, would soon evict the long values that every response has. So a name whose
 * values keep changing is sent without indexing its value. A value that repeats is added
 * to the table then.
 *
 * This is a guess: names share slots, and values are compared by 6 bits. A wrong guess
 * costs some bytes, nothing else. */
#ifndef FR_H2_REPEATS_H
#define FR_H2_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define FR_H2_REPEATS_NAMES 8u /* remembered at once */

struct fr_h2_repeat {
	uint64_t values; /* a bit for each value that was seen lately */
	uint16_t name;   /* its fingerprint; 0: free */
	uint8_t fresh;   /* how much speaks for values that never come back */
};

struct fr_h2_repeats {
	struct fr_h2_repeat v[FR_H2_REPEATS_NAMES];
};

/* Takes note of a field that is about to be sent. True if it had better not be added
 * to the table. Zeroed memory knows nothing. */
bool fr_h2_is_unique_value(struct fr_h2_repeats *r, struct fr_str name, struct fr_str value);

#endif
