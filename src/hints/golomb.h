/* Bits, base64url and Golomb/Rice codes: what the two kinds of digests
 * (digest.h, cache_digest.h) are written in. A code is the difference to the
 * value before, less one: its upper bits in unary (zeros, then a one), its
 * lower `rice` bits as they are. Both readers are strict, because what they
 * read comes from clients: one spelling only for the same bits.
 * No I/O, no allocation. */
#ifndef FR_HINTS_GOLOMB_H
#define FR_HINTS_GOLOMB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Bytes that `chars` characters of base64url (RFC 4648 §5, no padding) hold,
 * and the other way. */
#define FR_BASE64URL_BYTES(chars) ((chars) / 4 * 3 + (chars) % 4 * 3 / 4)
#define FR_BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* out: room for FR_BASE64URL_BYTES(text.len). Returns how many bytes there are,
 * or FR_ERR_SYNTAX: a foreign character, an impossible length, bits set
 * after the last byte. */
int64_t fr_base64url_decode(struct fr_str text, uint8_t *out) FR_MUST_USE;
/* out: room for FR_BASE64URL_CHARS(len); no NUL. Returns the characters. */
size_t fr_base64url_encode(const uint8_t *data, size_t len, char *out);

/* Reading, most significant bit first. */
struct fr_bits {
	const uint8_t *p; /* borrowed; n_bits of it */
	size_t n_bits, at;
};

/* The next n bits, at most 32. 0, or FR_ERR_SYNTAX: fewer are left. */
int fr_bits_read(struct fr_bits *b, unsigned n, uint32_t *out) FR_MUST_USE;
/* One code, rice at most 31: 1, 0 if nothing but zeros is left (no code
 * begins any more), FR_ERR_SYNTAX if it is cut off. *out is less than
 * (n_bits + 1) << rice. */
int fr_golomb_read(struct fr_bits *b, unsigned rice, uint64_t *out) FR_MUST_USE;

/* Writing into zeroed bytes. */
struct fr_bit_writer {
	uint8_t *p; /* borrowed; cap bytes, zero beyond `at` */
	size_t cap, at;
};

/* Writing past cap is our own mistake: asserted. n at most 32. */
void fr_bits_write(struct fr_bit_writer *w, unsigned n, uint32_t value);
void fr_golomb_write(struct fr_bit_writer *w, unsigned rice, uint32_t value);

#endif
