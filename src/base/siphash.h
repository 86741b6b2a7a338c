/* A keyed hash for tables whose keys a peer chooses: without the seed,
 * collisions cannot be prepared. SipHash-1-3 (Aumasson, Bernstein), its
 * 128-bit key made of the 64-bit seed. */
#ifndef FR_BASE_SIPHASH_H
#define FR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t fr_siphash(uint64_t seed, const void *data, size_t len);

#endif
