/* The identity of a client in the hint memory, so that it counts as one witness: by its address,
 * by its credentials, and by everything that may make its response differ from another's.
 * Keyed hashes only: nothing of the client itself is kept. No I/O, no clock. */
#ifndef FR_HINTS_WITNESS_H
#define FR_HINTS_WITNESS_H

#include "http/message.h"

struct fr_witness {
	uint64_t client;     /* of its address: fr_witness_client */
	uint64_t credential; /* of its credentials' values; 0: none */
	uint64_t kinds;      /* of its credentials: fr_teach_credential_kinds; 0: none */
	uint64_t self;       /* of all that may matter: fr_teach_self; never 0 */
};

/* Keyed hash of a client's address. An empty address (a Unix socket) gives one value for
 * all: such clients are one witness. */
uint64_t fr_witness_client(struct fr_str address, uint64_t seed);
/* A client and its request. client: from fr_witness_client with the same seed. */
struct fr_witness fr_witness_of(uint64_t client, const struct fr_fields *req, uint64_t seed);

#endif
