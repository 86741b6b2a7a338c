/* Numbers as octets, least significant one first: how blobs that are kept write them. */
#ifndef FR_BASE_OCTETS_H
#define FR_BASE_OCTETS_H

#include <stddef.h>
#include <stdint.h>

/* n: at most 8. Bits beyond are left out. */
static inline void fr_octets_put(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t fr_octets_get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

#endif
