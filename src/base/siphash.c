/* SipHash-1-3, the keyed hash of everything that a peer can choose. */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return (x << n) | (x >> (64 - n));
}

static inline void round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* Eight bytes, least significant first, whatever the machine. */
static inline uint64_t load(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return le64toh(x);
}

/* The last n of len bytes, fewer than eight; p: where they begin. */
static inline uint64_t load_last(const uint8_t *p, size_t n, size_t len)
{
	uint64_t x = 0;

	if (n == 0)
		return 0;
	if (len >= 8)
		return load(p + n - 8) >> (64 - 8 * n);
	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)p[i] << (8 * i);
	return x;
}

uint64_t fr_siphash(uint64_t seed, const void *data, size_t len)
{
	const uint64_t k1 = rotl(seed, 29) ^ 0x9e3779b97f4a7c15u;
	const uint8_t *p = data;
	size_t left = len;
	uint64_t m, v[4] = {seed ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
	                    seed ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};

	for (; left >= 8; left -= 8, p += 8) {
		m = load(p);
		v[3] ^= m;
		round_once(v);
		v[0] ^= m;
	}
	m = load_last(p, left, len) | (uint64_t)len << 56;
	v[3] ^= m;
	round_once(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		round_once(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
