/* Turns UTF-16 into UTF-8 for the scan, piece by piece. What is no character
 * (half of a surrogate pair, a last odd byte) becomes DEL, which no URL may
 * hold. Any split of the input gives the same output. Used by hints/scan.
 * No I/O. Source: https://encoding.spec.whatwg.org/#shared-utf-16-decoder */
#ifndef FR_HINTS_SCAN_UTF16_H
#define FR_HINTS_SCAN_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of UTF-8 that `len` bytes can give, with what was kept before them. */
#define FR_SCAN_UTF16_ROOM(len) (3 * ((len) / 2 + 2))

/* Storage is the caller's; all zero is little-endian at the beginning. */
struct fr_scan_utf16 {
	bool is_big_endian;
	bool has_half;
	uint8_t half;  /* the first byte of a unit */
	uint32_t high; /* the first unit of a surrogate pair; 0: none */
};

/* Returns how many bytes of `out` it filled. out: FR_SCAN_UTF16_ROOM(len) bytes. */
size_t fr_scan_utf16_feed(struct fr_scan_utf16 *u, const char *p, size_t len, char *out);

#endif
