/* A list of header or trailer fields (RFC 9110 §5, §6.5) in their order of arrival, names
 * in lower case, and the table of field names that the edge treats specially. Used by both
 * protocol versions and both sides. Names and values are borrowed: usually from the
 * exchange's arena. No I/O. */
#ifndef FR_HTTP_FIELDS_H
#define FR_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* Known names: id and spelling on the wire (lower case). */
#define FR_FIELD_TABLE(X)                                                                          \
	X(ACCEPT, "accept")                                                                        \
	X(ACCEPT_ENCODING, "accept-encoding")                                                      \
	X(ACCEPT_LANGUAGE, "accept-language")                                                      \
	X(ACCEPT_RANGES, "accept-ranges")                                                          \
	X(AGE, "age")                                                                              \
	X(AUTHORIZATION, "authorization")                                                          \
	X(CACHE_CONTROL, "cache-control")                                                          \
	X(CACHE_DIGEST, "cache-digest")                                                            \
	X(CACHE_STATUS, "cache-status")                                                            \
	X(CACHE_TAG, "cache-tag")                                                                  \
	X(CDN_CACHE_CONTROL, "cdn-cache-control")                                                  \
	X(CLEAR_SITE_DATA, "clear-site-data")                                                      \
	X(CONNECTION, "connection")                                                                \
	X(CONTENT_ENCODING, "content-encoding")                                                    \
	X(CONTENT_LENGTH, "content-length")                                                        \
	X(CONTENT_LOCATION, "content-location")                                                    \
	X(CONTENT_RANGE, "content-range")                                                          \
	X(CONTENT_SECURITY_POLICY, "content-security-policy")                                      \
	X(CONTENT_TYPE, "content-type")                                                            \
	X(COOKIE, "cookie")                                                                        \
	X(DATE, "date")                                                                            \
	X(ETAG, "etag")                                                                            \
	X(EXPECT, "expect")                                                                        \
	X(EXPIRES, "expires")                                                                      \
	X(FORERUN_DEBUG, "forerun-debug")                                                          \
	X(FORWARDED, "forwarded")                                                                  \
	X(HOST, "host")                                                                            \
	X(HTTP2_SETTINGS, "http2-settings")                                                        \
	X(IF_MATCH, "if-match")                                                                    \
	X(IF_MODIFIED_SINCE, "if-modified-since")                                                  \
	X(IF_NONE_MATCH, "if-none-match")                                                          \
	X(IF_RANGE, "if-range")                                                                    \
	X(IF_UNMODIFIED_SINCE, "if-unmodified-since")                                              \
	X(KEEP_ALIVE, "keep-alive")                                                                \
	X(LAST_MODIFIED, "last-modified")                                                          \
	X(LINK, "link")                                                                            \
	X(LOCATION, "location")                                                                    \
	X(PRAGMA, "pragma")                                                                        \
	X(PRIORITY, "priority")                                                                    \
	X(PROXY_AUTHORIZATION, "proxy-authorization")                                              \
	X(PROXY_CONNECTION, "proxy-connection")                                                    \
	X(PURPOSE, "purpose")                                                                      \
	X(RANGE, "range")                                                                          \
	X(REFERER, "referer")                                                                      \
	X(SAVE_DATA, "save-data")                                                                  \
	X(SEC_FETCH_DEST, "sec-fetch-dest")                                                        \
	X(SEC_FETCH_MODE, "sec-fetch-mode")                                                        \
	X(SEC_FETCH_SITE, "sec-fetch-site")                                                        \
	X(SEC_PURPOSE, "sec-purpose")                                                              \
	X(SERVER, "server")                                                                        \
	X(SERVER_TIMING, "server-timing")                                                          \
	X(SET_COOKIE, "set-cookie")                                                                \
	X(SURROGATE_KEY, "surrogate-key")                                                          \
	X(TE, "te")                                                                                \
	X(TRAILER, "trailer")                                                                      \
	X(TRANSFER_ENCODING, "transfer-encoding")                                                  \
	X(UPGRADE, "upgrade")                                                                      \
	X(USER_AGENT, "user-agent")                                                                \
	X(VARY, "vary")                                                                            \
	X(CDN_LOOP, "cdn-loop")                                                                    \
	X(VIA, "via")                                                                              \
	X(X_FORWARDED_FOR, "x-forwarded-for")                                                      \
	X(X_FORWARDED_PROTO, "x-forwarded-proto")                                                  \
	X(X_MOZ, "x-moz")                                                                          \
	X(X_PURPOSE, "x-purpose")                                                                  \
	/* rarely looked for: their bits of `seen` are those of the first rows */                  \
	X(PROXY_AUTHENTICATE, "proxy-authenticate")                                                \
	X(PROXY_AUTHENTICATION_INFO, "proxy-authentication-info")                                  \
	X(MAX_FORWARDS, "max-forwards")                                                            \
	X(SEC_WEBSOCKET_KEY, "sec-websocket-key")                                                  \
	X(X_FORWARDED_HOST, "x-forwarded-host")

enum fr_field_id {
	FR_FIELD_OTHER, /* any name that is not in the table */
#define X(id, name) FR_FIELD_##id,
	FR_FIELD_TABLE(X)
#undef X
		FR_FIELD_COUNT
};

enum {
	FR_FIELD_SENSITIVE = 1 << 0, /* never indexed by HPACK (RFC 7541 §7.1.3) */
	FR_FIELD_CANONICAL =
		1 << 1, /* of a list: its value has the one form of exchange/canonical.h */
	/* of a strong ETag: "W/" lies before its value in memory; goes with the value */
	FR_FIELD_WEAKLY = 1 << 2
};

struct fr_field {
	struct fr_str name;  /* lower case; borrowed */
	struct fr_str value; /* without white space at its ends; borrowed */
	uint16_t id;         /* enum fr_field_id */
	uint16_t flags;      /* FR_FIELD_SENSITIVE, ... */
};

struct fr_fields {
	struct fr_field *v; /* owned by the arena; n of them */
	size_t n, cap;
	/* A bit for the id of each field that was added, modulo 64: whose bit is
	 * not set is not there. Stays set when fields are removed. */
	uint64_t seen;
	struct fr_arena *arena; /* borrowed: where v grows */
};

/* Names the table entry for a lower-case name, FR_FIELD_OTHER if none. */
enum fr_field_id fr_field_lookup(struct fr_str name);
/* The name of a known field; id must not be FR_FIELD_OTHER. */
struct fr_str fr_field_name(enum fr_field_id id);

/* An empty list that grows in `arena`. */
void fr_fields_init(struct fr_fields *f, struct fr_arena *arena);

/* Room for n fields in all, without any to spare. 0 or FR_ERR_NOMEM. */
int fr_fields_reserve(struct fr_fields *f, size_t n) FR_MUST_USE;

/* Appends; name (lower case) and value are borrowed, not copied, and must
 * live as long as the list. 0 or FR_ERR_NOMEM (the arena's ceiling). */
int fr_fields_add(struct fr_fields *f, struct fr_str name, struct fr_str value) FR_MUST_USE;
int fr_fields_add_id(struct fr_fields *f, enum fr_field_id id, struct fr_str value) FR_MUST_USE;
/* As above, with bytes copied into the arena. */
int fr_fields_add_copy(struct fr_fields *f, struct fr_str name, struct fr_str value) FR_MUST_USE;

/* The next field of that id after `after`, or NULL. */
const struct fr_field *fr_fields_next(const struct fr_fields *f, enum fr_field_id id,
                                      const struct fr_field *after);

static inline uint64_t fr_field_bit(unsigned id)
{
	return 1ull << (id % 64);
}

/* The first field of that id, or NULL. FR_FIELD_OTHER finds nothing. */
static inline const struct fr_field *fr_fields_get(const struct fr_fields *f, enum fr_field_id id)
{
	return f->seen & fr_field_bit(id) ? fr_fields_next(f, id, NULL) : NULL;
}

/* The same, for who changes it in place. */
static inline struct fr_field *fr_fields_get_mut(struct fr_fields *f, enum fr_field_id id)
{
	const struct fr_field *found = fr_fields_get(f, id);

	return found ? &f->v[found - f->v] : NULL;
}

const struct fr_field *fr_fields_find(const struct fr_fields *f, struct fr_str name);
/* Value of the first field of that id; {NULL, 0} if there is none. */
static inline struct fr_str fr_fields_value(const struct fr_fields *f, enum fr_field_id id)
{
	const struct fr_field *found = fr_fields_get(f, id);

	return found ? found->value : (struct fr_str){0};
}
size_t fr_fields_count(const struct fr_fields *f, enum fr_field_id id);
/* Removes all fields of that id; returns how many. */
size_t fr_fields_remove(struct fr_fields *f, enum fr_field_id id);
/* True if one of the fields of that id, read as a comma-separated list of
 * tokens, has `token` (case-insensitive). */
bool fr_fields_has_token(const struct fr_fields *f, enum fr_field_id id, const char *token);

/* Bytes that the list counts against limits: name + value + 32 each, as
 * SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
#define FR_FIELD_OVERHEAD 32u
size_t fr_fields_size(const struct fr_fields *f);

/* Syntax: a token in lower case; a value without CR, LF, NUL or other
 * controls, without white space at its ends (RFC 9110 §5.5). */
bool fr_field_name_is_valid(struct fr_str name);
bool fr_field_value_is_valid(struct fr_str value);

#endif
