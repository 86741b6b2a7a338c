/* The name under which a response is stored: the primary key from the request's URL, and
 * the secondary key from the fields that Vary names (RFC 9111 §2, §4.1). No I/O. */
#ifndef FR_CACHE_KEY_H
#define FR_CACHE_KEY_H

#include "http/message.h"

enum fr_query_policy {
	FR_QUERY_KEEP,   /* the whole query is part of the key */
	FR_QUERY_IGNORE, /* none of it */
	FR_QUERY_ONLY    /* only parameters of these names, in the order of the URL */
};

struct fr_query_rule {
	enum fr_query_policy policy;
	const char *const *names; /* borrowed; for ONLY */
	size_t n;
};

/* "https://host[:port]/path?query" in the arena, of an authority in its canonical
 * form. 0 or FR_ERR_NOMEM, FR_ERR_SYNTAX (no host). */
int fr_cache_key(struct fr_arena *a, const struct fr_request *req, const struct fr_query_rule *rule,
                 struct fr_str *out) FR_MUST_USE;

/* The target with the part of its query that is in the key, which is what the origin
 * gets. Borrowed where that is all of it, else in the arena. Names of parameters are
 * compared decoded. 0 or FR_ERR_NOMEM. */
int fr_query_select(struct fr_arena *a, const struct fr_query_rule *rule, struct fr_str target,
                    struct fr_str *out) FR_MUST_USE;

/* The request's values of the fields that `vary` (a Vary value) names, as one
 * text that is equal for requests that select the same response: requests in which
 * these fields have the same bytes once they are canonical (exchange/canonical.h).
 * 0 or FR_ERR_NOMEM. */
int fr_vary_values(struct fr_arena *a, struct fr_str vary, const struct fr_fields *req,
                   struct fr_str *out) FR_MUST_USE;

/* All lines of Accept, Accept-Language or Accept-Encoding as one value without white
 * space around commas; Accept-Encoding reduced to the set that it accepts, in a fixed
 * order. 0 or FR_ERR_NOMEM. */
int fr_list_canonical(struct fr_arena *a, const struct fr_fields *f, enum fr_field_id id,
                      struct fr_str *out) FR_MUST_USE;

/* All values of the fields of one id as one list, "a, b"; {"", 0} if none. */
int fr_fields_join(struct fr_arena *a, const struct fr_fields *f, enum fr_field_id id,
                   struct fr_str *out) FR_MUST_USE;

#endif
