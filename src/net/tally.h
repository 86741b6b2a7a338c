/* Counts what is under way for each client address and site: scarce things are shared out by
 * both. All workers count together, in parts with a lock each. Thread-safe. */
#ifndef FR_NET_TALLY_H
#define FR_NET_TALLY_H

#include <stdint.h>

#include "base/ip.h"

struct fr_tally;
struct fr_tally_entry;

/* A plain value without padding. */
struct fr_tally_key {
	uint8_t address[sizeof((struct fr_ip *)0)->bytes]; /* of fr_ip_subscriber */
	uint64_t site;
};

/* seed: for the hash of keys. */
struct fr_tally *fr_tally_new(uint64_t seed);
/* Everything was given back. Clears the pointer; NULL is allowed. */
void fr_tally_free(struct fr_tally **t);

/* One more, to be given back; NULL: `most` are under way. */
struct fr_tally_entry *fr_tally_take(struct fr_tally *t, const struct fr_tally_key *key,
                                     uint32_t most);
/* Clears the pointer; NULL in it is allowed. */
void fr_tally_give(struct fr_tally *t, struct fr_tally_entry **e);
/* How many are under way. */
uint32_t fr_tally_count(struct fr_tally *t, const struct fr_tally_key *key);

#endif
