/* Byte strings that are not NUL-terminated, and the small operations on them that protocol
 * code needs: comparing, trimming, numbers, character classes. A fr_str never owns its
 * bytes; its declaration names the owner. */
#ifndef FR_BASE_STR_H
#define FR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fr_str {
	const char *p; /* borrowed; may be NULL when len is 0 */
	size_t len;    /* bytes */
};

/* From a string literal, usable in initialisers. */
#define FR_STR(lit) ((struct fr_str){(lit), sizeof(lit) - 1})
/* For printf("%.*s"); long strings are cut at INT_MAX. */
#define FR_STR_ARG(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), ((s).p ? (s).p : "")

static inline struct fr_str fr_str_make(const char *p, size_t len)
{
	return (struct fr_str){p, len};
}

static inline struct fr_str fr_str_from(const char *cstr)
{
	return (struct fr_str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool fr_str_eq(struct fr_str a, struct fr_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool fr_str_is(struct fr_str a, const char *cstr)
{
	return fr_str_eq(a, fr_str_from(cstr));
}

/* ASCII letters only, whatever the locale. */
static inline char fr_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ASCII case-insensitive comparison. */
bool fr_str_ieq(struct fr_str a, struct fr_str b);
static inline bool fr_str_iis(struct fr_str a, const char *cstr)
{
	return fr_str_ieq(a, fr_str_from(cstr));
}
/* Is it one of the list? */
bool fr_str_iis_one_of(struct fr_str s, const char *const *list, size_t n);

bool fr_str_starts(struct fr_str s, struct fr_str prefix);
bool fr_str_istarts(struct fr_str s, struct fr_str prefix);
/* Is the word anywhere in it, in any case? */
bool fr_str_ihas(struct fr_str s, struct fr_str word);
bool fr_str_ends(struct fr_str s, struct fr_str suffix);
/* The offset of the first `c`, or s.len if there is none. */
size_t fr_str_find(struct fr_str s, char c);
/* From `from` to before `to`; both are clamped to the string. */
struct fr_str fr_str_sub(struct fr_str s, size_t from, size_t to);
/* Without optional white space (SP, HTAB) at both ends (RFC 9110 §5.6.3). */
struct fr_str fr_str_trim(struct fr_str s);

/* A decimal number of digits only: no sign, no white space, no overflow.
 * Returns 0, or FR_ERR_SYNTAX with *out untouched. */
int fr_str_to_u64(struct fr_str s, uint64_t *out);

/* Decimal digits, without a NUL; returns how many. */
#define FR_I64_DIGITS 20
size_t fr_i64_format(char *out, int64_t v); /* room for FR_I64_DIGITS */

/* A NUL-terminated heap copy; free with free(). Aborts when out of memory:
 * only for strings whose size a peer does not choose. */
char *fr_str_dup(struct fr_str s);

/* The next element of a comma-separated list (RFC 9110 §5.6.1): *rest moves
 * past it, *item is trimmed; empty elements are skipped; commas inside quoted
 * strings do not separate. Returns false at the end. */
bool fr_str_next_item(struct fr_str *rest, struct fr_str *item);

/* Character classes, as bits of fr_char_class[(unsigned char)c]. */
enum {
	FR_CH_TCHAR = 1 << 0, /* RFC 9110 §5.6.2 token character */
	FR_CH_DIGIT = 1 << 1,
	FR_CH_HEX = 1 << 2,
	FR_CH_ALPHA = 1 << 3,
	FR_CH_FIELD = 1 << 4,  /* allowed in a field value: VCHAR, obs-text, SP, HTAB */
	FR_CH_TARGET = 1 << 5, /* allowed in a request target: VCHAR except '#' ... see str.c */
	FR_CH_HOST = 1 << 6    /* allowed in a host: reg-name and brackets (RFC 3986 §3.2.2) */
};
extern const uint8_t fr_char_class[256];

static inline bool fr_char_is(char c, int classes)
{
	return (fr_char_class[(unsigned char)c] & classes) != 0;
}

/* How many bytes at the beginning may stand in a field value (FR_CH_FIELD). */
size_t fr_str_field_span(struct fr_str s);

/* True if s is not empty and every character has one of the classes. */
bool fr_str_all(struct fr_str s, int classes);

#endif
