/* Admits connections: the limits on connections in all and from one address, shared by all
 * workers. Addresses are what fr_ip_subscriber makes of them. Thread-safe. */
#ifndef FR_NET_ADMISSION_H
#define FR_NET_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct fr_admission;
struct fr_tally;

/* seed: for the hash of addresses. */
struct fr_admission *fr_admission_new(uint64_t seed);
void fr_admission_free(struct fr_admission **a);
void fr_admission_set_limits(struct fr_admission *a, uint32_t total, uint32_t per_address);

/* What was admitted, to be given back. */
struct fr_ticket {
	bool is_held;
	bool has_address;
	struct fr_ip address;
};

enum fr_admitted { FR_ADMITTED, FR_TOO_MANY, FR_TOO_MANY_FROM_ADDRESS };
/* address: what it counts as; NULL: it counts only in all (Unix sockets, trusted proxies). */
enum fr_admitted fr_admission_take(struct fr_admission *a, const struct fr_ip *address,
                                   struct fr_ticket *out);
/* Counts what was admitted as another address from now on: that of the client behind a proxy.
 * False: that address has its limit; the ticket is as before. */
bool fr_admission_move(struct fr_admission *a, struct fr_ticket *t, const struct fr_ip *address);
void fr_admission_give(struct fr_admission *a, struct fr_ticket *t);

/* Requests to origins that are under way, by client and site. Borrowed. */
struct fr_tally *fr_admission_requests(struct fr_admission *a);

/* How many connections of clients may be open at once, for want of descriptors. */
void fr_admission_set_descriptors(struct fr_admission *a, uint32_t most);
/* Is there a descriptor for one more? always: it is counted even if there is none. To be
 * given back when the connection has gone. */
bool fr_admission_take_descriptor(struct fr_admission *a, bool always);
void fr_admission_give_descriptor(struct fr_admission *a);

/* Of the room on disk, for bodies that wait (exchange/spill.h), one address has at most this
 * part of all; what it takes first may be more. */
#define FR_ADMISSION_DISK_PART 4u
/* Takes bytes of it for an address, NULL: for what has none; false: fewer are left, of
 * limit_bytes in all, or for that address. */
bool fr_admission_take_disk(struct fr_admission *a, const struct fr_ip *address, uint64_t bytes,
                            uint64_t limit_bytes);
void fr_admission_give_disk(struct fr_admission *a, const struct fr_ip *address, uint64_t bytes);

#endif
