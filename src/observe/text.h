/* Writes text into memory of a fixed size, for lines and metrics that are produced often:
 * numbers and escaped strings without printf. Text that does not fit is left out, and a
 * flag is set; the owner decides what that means. No I/O. */
#ifndef FR_OBSERVE_TEXT_H
#define FR_OBSERVE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct fr_text {
	char *p; /* borrowed: cap bytes; not NUL-terminated */
	size_t n, cap;
	bool is_full; /* something did not fit */
};

static inline struct fr_text fr_text_make(char *p, size_t cap)
{
	return (struct fr_text){.p = p, .cap = cap};
}

/* Each of these appends all or nothing. */
static inline void fr_text_put(struct fr_text *t, const char *p, size_t len)
{
	if (t->cap - t->n < len) {
		t->is_full = true;
		return;
	}
	if (len)
		memcpy(t->p + t->n, p, len);
	t->n += len;
}
static inline void fr_text_str(struct fr_text *t, const char *cstr)
{
	fr_text_put(t, cstr, strlen(cstr));
}
void fr_text_u64(struct fr_text *t, uint64_t v);
void fr_text_i64(struct fr_text *t, int64_t v);
/* 16 digits, lower case. */
void fr_text_hex(struct fr_text *t, uint64_t v);
/* Decimal digits, filled with zeros to `width` (at most 20). */
void fr_text_padded(struct fr_text *t, uint64_t v, unsigned width);

/* In quotes, as JSON (RFC 8259 §7): what is no UTF-8 is read as Latin-1, byte
 * by byte, so that any input gives valid JSON. Bytes beyond max are left out,
 * with "..." in their place. */
void fr_text_json(struct fr_text *t, struct fr_str s, size_t max);
/* Without quotes: controls, quotes, backslashes and all that is not ASCII as
 * \xHH, so that a value can end neither its quotes nor its line. max: as above. */
void fr_text_escaped(struct fr_text *t, struct fr_str s, size_t max);

#endif
