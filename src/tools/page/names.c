#include "tools/page/names.h"

#include "base/siphash.h"

static uint64_t hash(char kind, struct fr_str name)
{
	/* pages are measured, not served: nobody gains by collisions */
	return fr_siphash((uint64_t)(unsigned char)kind, name.p, name.len);
}

void fr_names_add(struct fr_names *n, char kind, struct fr_str name)
{
	uint64_t h = hash(kind, name);

	for (unsigned i = 0; i < 4; i++, h >>= 16)
		n->bits[(h & 0xffff) / 64] |= UINT64_C(1) << (h & 63);
}

bool fr_names_has(const struct fr_names *n, char kind, struct fr_str name)
{
	uint64_t h = hash(kind, name);

	for (unsigned i = 0; i < 4; i++, h >>= 16)
		if (!(n->bits[(h & 0xffff) / 64] & (UINT64_C(1) << (h & 63))))
			return false;
	return true;
}
