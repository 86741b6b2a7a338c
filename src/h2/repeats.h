/* Which fields of one connection's responses come back with the same value. HPACK's
 * dynamic table (RFC 7541 §2.3.2) keeps what is added to it, and gives up the oldest
 * entries for that: a request id, which is never the same twice, would soon drive out
 * the long values that every response has. A name whose values keep being new ones is
 * sent without being added, its name by the entry that it has; a value that comes
 * back is added then.
 *
 * What is known of a name is a guess: names share places, values are told apart by
 * 6 bits. A wrong guess costs some bytes, nothing else. */
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
