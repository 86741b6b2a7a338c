/* A Bloom filter of names, and the set of characters of a page. */
#include "lab/model/names.h"

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

/* The code point at s, and how many bytes it takes; what is no UTF-8 counts as U+FFFD. */
static uint32_t code_point(struct fr_str s, size_t *len)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t v = n == 1 ? c : c & (0xffu >> (n + 1));

	*len = 1;
	if ((c >= 0x80 && c < 0xc0) || s.len < n)
		return 0xfffd;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0xfffd;
		v = v << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	*len = n;
	return v;
}

void fr_names_add_text(struct fr_names *n, struct fr_str text)
{
	size_t len;

	for (; text.len; text = fr_str_sub(text, len, text.len)) {
		uint32_t c = code_point(text, &len);

		if (c < FR_NAMES_CHARACTERS)
			n->characters[c / 64] |= UINT64_C(1) << (c % 64);
		else
			n->has_others = true;
	}
}

bool fr_names_has_character(const struct fr_names *n, uint32_t low, uint32_t high)
{
	if (high >= FR_NAMES_CHARACTERS && n->has_others)
		return true;
	for (uint32_t c = low; c <= high && c < FR_NAMES_CHARACTERS; c++) {
		if (c % 64 == 0 && !n->characters[c / 64])
			c += 63;
		else if (n->characters[c / 64] & UINT64_C(1) << (c % 64))
			return true;
	}
	return false;
}
