/* Text for lines that are written hundreds of thousands of times per second. Each function
 * writes at p and returns the end of what it wrote. The caller guarantees the room, plus
 * FR_TEXT_SLACK bytes. observe/text.h has functions that check. No I/O. */
#ifndef FR_OBSERVE_FAST_TEXT_H
#define FR_OBSERVE_FAST_TEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

/* What may be written, and read, beyond the end. */
#define FR_TEXT_SLACK 16u

/* "00" to "99", and "00" to "ff". */
extern const char fr_digit_pairs[200], fr_hex_pairs[512];

static inline char *fr_pair_put(char *p, uint32_t v)
{
	memcpy(p, fr_digit_pairs + 2 * (size_t)v, 2);
	return p + 2;
}

/* v below 1000000. */
static inline char *fr_six_digits_put(char *p, uint32_t v)
{
	p = fr_pair_put(p, v / 10000);
	p = fr_pair_put(p, v / 100 % 100);
	return fr_pair_put(p, v % 100);
}

/* From 10000 on. */
char *fr_large_put(char *p, uint64_t v);

static inline char *fr_u64_put(char *p, uint64_t v)
{
	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	if (v < 100)
		return fr_pair_put(p, (uint32_t)v);
	if (v < 1000) {
		*p = (char)('0' + v / 100);
		return fr_pair_put(p + 1, (uint32_t)v % 100);
	}
	if (v < 10000)
		return fr_pair_put(fr_pair_put(p, (uint32_t)v / 100), (uint32_t)v % 100);
	return fr_large_put(p, v);
}

/* 16 digits. */
static inline char *fr_hex_put(char *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		memcpy(p + 2 * i, fr_hex_pairs + 2 * (v >> (56 - 8 * i) & 255), 2);
	return p + 16;
}

static inline char *fr_flag_put(char *p, bool v)
{
	memcpy(p, v ? "true\0" : "false", 5);
	return p + (v ? 4 : 5);
}

/* Sixteen bytes at a time, by the vector extension of gcc and clang. */
typedef uint8_t fr_block __attribute__((vector_size(16)));

/* Bits are set in the first `n` bytes (1 to 16) that are not printable ASCII, or
 * " or \. */
static inline uint64_t fr_odd_bytes(fr_block b, size_t n)
{
	fr_block odd =
		(fr_block)(b - 0x20 >= 0x7f - 0x20) | (fr_block)(b == '"') | (fr_block)(b == '\\');
	uint64_t half[2];

	memcpy(half, &odd, sizeof half);
	if (n > 8)
		return half[0] | le64toh(half[1]) << (128 - 8 * n);
	return le64toh(half[0]) << (64 - 8 * n);
}

/* Copies s, which is not empty and may be read beyond its end; NULL if something in
 * it needs an escape (what was written is of no use then). */
static inline char *fr_plain_put(char *p, struct fr_str s)
{
	size_t at = 0;
	fr_block b;

	for (; at + 16 < s.len; at += 16) {
		memcpy(&b, s.p + at, 16);
		memcpy(p + at, &b, 16);
		if (fr_odd_bytes(b, 16))
			return NULL;
	}
	memcpy(&b, s.p + at, 16);
	memcpy(p + at, &b, 16);
	return fr_odd_bytes(b, s.len - at) ? NULL : p + s.len;
}

#endif
