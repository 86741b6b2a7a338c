/* A keyed hash for tables whose keys a peer chooses. A peer that does not know the seed
 * cannot prepare collisions. SipHash-1-3 (Aumasson, Bernstein); the 64-bit seed gives its
 * 128-bit key. */
#ifndef FR_BASE_SIPHASH_H
#define FR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t fr_siphash(uint64_t seed, const void *data, size_t len);

#endif
