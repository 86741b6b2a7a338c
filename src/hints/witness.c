/* Turns a client's address and its request's fields into the hashes that tell witnesses apart. */
#include "hints/witness.h"

#include "base/siphash.h"
#include "hints/teach.h"

/* No small number: hints/push_failures.c gives those a meaning of their own. */
#define NO_ADDRESS UINT64_MAX

uint64_t fr_witness_client(struct fr_str address, uint64_t seed)
{
	return address.len ? fr_siphash(seed, address.p, address.len) : NO_ADDRESS;
}

struct fr_witness fr_witness_of(uint64_t client, const struct fr_fields *req, uint64_t seed)
{
	return (struct fr_witness){
		.client = client,
		.credential = fr_teach_credentials(req, seed),
		.kinds = fr_teach_credential_kinds(req),
		.self = fr_teach_self(req, client, seed),
	};
}
