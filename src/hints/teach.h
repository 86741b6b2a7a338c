/* What one load of a page may teach: others at once, others only with further
 * witnesses, or nothing. One predicate for hints of every source (Link, HTML),
 * a pure function of the request and the response; nothing else in the edge
 * judges this. Also: the client's identity, as far as it matters for
 * teaching (its credentials), and which variant of a page it gets (Vary).
 *
 *   EVERYBODY  clients without credentials get the same: links to the page's
 *              own origin may be hinted to others at once
 *   WITNESSES  the response may be this client's own: a link of it is hinted to
 *              others once several different clients have seen it
 *   NOBODY     what is learned cannot be kept apart from other pages
 *
 * No I/O, no clock, no allocation. */
#ifndef FR_HINTS_TEACH_H
#define FR_HINTS_TEACH_H

#include <stdbool.h>
#include <stdint.h>

#include "http/message.h"

enum fr_teach_whom { FR_TEACH_NOBODY, FR_TEACH_WITNESSES, FR_TEACH_EVERYBODY };

/* The first that applies, in this order. */
#define FR_TEACH_REASON_TABLE(X)                                                                   \
	X(NOT_PAGE, NOBODY, "not-a-page")        /* no GET, or no 200 */                           \
	X(PREFETCH, NOBODY, "prefetch")          /* nobody looks at it yet: no page view */        \
	X(PATH, NOBODY, "ambiguous-path")        /* origins may read it as another one */          \
	X(QUERY, WITNESSES, "query")             /* the memory's key leaves a part of it out */    \
	X(CREDENTIALS, WITNESSES, "credentials") /* the request identifies the client */           \
	X(SET_COOKIE, WITNESSES, "set-cookie")                                                     \
	X(PRIVATE, WITNESSES, "private") /* fields in quotes count as well */                      \
	X(NO_STORE, WITNESSES, "no-store")                                                         \
	X(NO_CACHE, WITNESSES, "no-cache") /* Pragma as well */                                    \
	X(VARY, WITNESSES, "vary")         /* beyond what variants are kept for */                 \
	X(SAME, EVERYBODY, "public")       /* everybody gets the same */
enum fr_teach_reason {
#define X(id, whom, text) FR_TEACH_##id,
	FR_TEACH_REASON_TABLE(X)
#undef X
};
const char *fr_teach_reason_str(enum fr_teach_reason r);
enum fr_teach_whom fr_teach_whom_of(enum fr_teach_reason r);

struct fr_teach_load {
	const struct fr_request *req;
	const struct fr_response *resp;
	bool path_is_ambiguous; /* as in struct fr_url_path */
	bool leaves_query_out;  /* the memory's key lacks a part of the request's query */
};
enum fr_teach_reason fr_teach_judge(const struct fr_teach_load *load);

/* --- credentials --- */

/* Set for every request with a credential; other bits are for names. */
#define FR_TEACH_ANY_CREDENTIAL (UINT64_C(1) << 63)

/* May the field identify the client? Cookie, Authorization, Proxy-Authorization, and
 * names with a word like token, key, auth, session, user ("x-api-key"). name:
 * lower case. */
bool fr_teach_is_credential(const struct fr_field *f);
/* Which kinds of credentials a request has: FR_TEACH_ANY_CREDENTIAL and bits
 * for the name of each field and of each cookie, the same in every process;
 * names may share bits. It guards against telling by accident, not against one
 * who knows the names. 0: none. */
uint64_t fr_teach_credential_kinds(const struct fr_fields *req);
/* Keyed hash of the values of all credentials; 0: none. */
uint64_t fr_teach_credentials(const struct fr_fields *req, uint64_t seed);
/* Keyed hash of all that may make this client's response differ from another's
 * (credentials, User-Agent, Accept-Language, fields that are not known), with
 * `client`, the hash of its address. Never 0. */
uint64_t fr_teach_self(const struct fr_fields *req, uint64_t client, uint64_t seed);

/* --- variants --- */

/* What Vary names of the fields by which variants are kept apart: a bit for
 * User-Agent, Accept-Language and each client hint. 0: none. */
uint32_t fr_teach_vary(const struct fr_fields *resp);
/* Does it tell nothing apart but devices, browsers and who saves data? */
bool fr_teach_vary_is_device(uint32_t vary);
/* Tells the variant of a request among those: a hash of the fields' classes,
 * the same in every process. User-Agent counts by the kind of browser and
 * whether it is mobile, Accept-Language by its first tag, numbers by their
 * magnitude. 0 if vary is 0, else not 0. */
uint64_t fr_teach_variant(uint32_t vary, const struct fr_fields *req);

/* --- assets --- */

/* What an answer says of the asset for others that ask as this client did. */
enum fr_teach_gone {
	FR_TEACH_THERE,  /* 2xx, 304 */
	FR_TEACH_GONE,   /* 404, 410 */
	FR_TEACH_DOUBT,  /* redirects, 5xx: to be believed once another client got the like */
	FR_TEACH_NOTHING /* says something about the client or its request */
};
enum fr_teach_gone fr_teach_gone(int status);
/* Does an answer with this status say something of the asset, not of how it was asked for?
 * is_ours: we asked ourselves, by a push or without a client; what does not succeed then is
 * not asked for again soon, whatever it says. */
bool fr_teach_is_telling(const struct fr_request *req, int status, bool is_ours);

#endif
