/* Bits, Golomb codes and base64url, for both kinds of digest. */
#include "hints/golomb.h"

#include "base/holds.h"
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Negative if c is none of the 64. */
static int sextet_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

int64_t fr_base64url_decode(struct fr_str text, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	if (text.len % 4 == 1)
		return FR_ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		int v = sextet_of(text.p[i]);

		if (v < 0)
			return FR_ERR_SYNTAX;
		bits = bits << 6 | (uint32_t)v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (uint8_t)(bits >> n_bits);
			bits &= FR_BIT(n_bits) - 1;
		}
	}
	return bits ? (int64_t)FR_ERR_SYNTAX : (int64_t)n;
}

size_t fr_base64url_encode(const uint8_t *data, size_t len, char *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xffffu;
		n_bits += 8;
		while (n_bits >= 6) {
			n_bits -= 6;
			out[n++] = alphabet[bits >> n_bits & 63];
		}
	}
	if (n_bits)
		out[n++] = alphabet[bits << (6 - n_bits) & 63];
	return n;
}

static unsigned bit_at(const struct fr_bits *b, size_t i)
{
	return b->p[i / 8] >> (7 - i % 8) & 1;
}

int fr_bits_read(struct fr_bits *b, unsigned n, uint32_t *out)
{
	uint32_t v = 0;

	if (b->n_bits - b->at < n)
		return FR_ERR_SYNTAX;
	for (unsigned i = 0; i < n; i++)
		v = v << 1 | bit_at(b, b->at++);
	*out = v;
	return 0;
}

int fr_golomb_read(struct fr_bits *b, unsigned rice, uint64_t *out)
{
	size_t at = b->at;
	uint64_t quotient;
	uint32_t low;

	while (at < b->n_bits && !bit_at(b, at))
		at++;
	if (at == b->n_bits)
		return 0;
	quotient = at - b->at;
	b->at = at + 1;
	if (fr_bits_read(b, rice, &low) < 0)
		return FR_ERR_SYNTAX;
	*out = quotient << rice | low;
	return 1;
}

static void write_bit(struct fr_bit_writer *w, unsigned bit)
{
	if (!FR_HOLDS(w->at / 8 < w->cap))
		return;
	w->p[w->at / 8] |= (uint8_t)(bit << (7 - w->at % 8));
	w->at++;
}

void fr_bits_write(struct fr_bit_writer *w, unsigned n, uint32_t value)
{
	while (n--)
		write_bit(w, value >> n & 1);
}

void fr_golomb_write(struct fr_bit_writer *w, unsigned rice, uint32_t value)
{
	for (uint32_t q = value >> rice; q; q--)
		write_bit(w, 0);
	write_bit(w, 1);
	fr_bits_write(w, rice, value & (FR_BIT(rice) - 1));
}
