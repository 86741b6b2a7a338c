/* The Link field (RFC 8288 §3): an iterator over the links of one field
 * value, and the writer of one link. One malformed link never loses its
 * neighbours. What is written reads back as the same link. No I/O. */
#ifndef FR_HTTP_LINK_H
#define FR_HTTP_LINK_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/str.h"

/* No URL or quoted string of a link is longer, escapes and delimiters counted.
 * Also what keeps a field full of "<" or quotes that never end from being
 * read over and over. */
#define FR_LINK_MAX_VALUE_BYTES 8192u

enum { /* relations of interest, as bits */
       FR_REL_PRELOAD = 1 << 0,
       FR_REL_MODULEPRELOAD = 1 << 1,
       FR_REL_PRECONNECT = 1 << 2
};

enum fr_crossorigin { FR_CORS_NONE, FR_CORS_ANONYMOUS, FR_CORS_CREDENTIALS };

/* Values are unquoted and unescaped; absent ones have p == NULL. The first
 * occurrence of a parameter wins. */
struct fr_link {
	struct fr_str target; /* URI-Reference as written, may be empty */
	unsigned rels;        /* FR_REL_*, from the first rel parameter */
	bool has_anchor;
	struct fr_str anchor;
	struct fr_str as; /* as written: compare case-insensitively */
	struct fr_str type;
	struct fr_str media;
	struct fr_str imagesrcset;
	struct fr_str imagesizes;
	struct fr_str integrity;
	struct fr_str referrerpolicy;
	enum fr_crossorigin crossorigin;
	bool nopush;
	struct fr_str fetchpriority;
};

/* Takes the next well-formed link off *rest. Returns true with *out filled;
 * false at the end. Strings borrow from the value or, where escapes had to be
 * removed, from the arena (a link for which the arena has no room is
 * skipped). Malformed ones are skipped and counted in *bad (may be NULL). */
bool fr_link_next(struct fr_arena *a, struct fr_str *rest, struct fr_link *out, size_t *bad);

/* Writes one link-value in the form that equal links share: parameters in a
 * fixed order, quoted only where they are no token, relations other than
 * FR_REL_* left out.
 *   target  written instead of link->target
 *   out     in the arena, NUL-terminated
 * FR_ERR_INVALID (no relation), FR_ERR_SYNTAX (a byte that a target or a field
 * value may not hold: nothing of it is repaired), FR_ERR_LIMIT (a value beyond
 * FR_LINK_MAX_VALUE_BYTES), FR_ERR_NOMEM. */
int fr_link_write(struct fr_arena *a, const struct fr_link *link, struct fr_str target,
                  struct fr_str *out) FR_MUST_USE;

#endif
