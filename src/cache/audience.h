/* Who may get a stored response, and who asks: the one rule for cookies and for other fields
 * that identify a client. It holds both ways. A response is stored only if the client that
 * caused it is of its audience, and it answers nobody else.
 *
 *                    | nobody known  another field  a cookie  a cookie to bypass
 *   -----------------+----------------------------------------------------------
 *   ALL              |      yes            yes         yes          yes
 *   DECLARED         |      yes            yes         yes          no
 *   ANONYMOUS        |      yes            no          no           no
 *
 * Authorization has a rule of its own (RFC 9111 §3.5, cache/policy.h). No I/O. */
#ifndef FR_CACHE_AUDIENCE_H
#define FR_CACHE_AUDIENCE_H

#include <stdbool.h>

#include "cache/cookies.h"
#include "http/message.h"

enum fr_audience {
	FR_AUDIENCE_ANONYMOUS, /* a document: clients that send nothing that identifies them */
	FR_AUDIENCE_DECLARED,  /* a document that its origin declares to be for all: public,
	                          s-maxage, or max-age in CDN-Cache-Control */
	FR_AUDIENCE_ALL        /* an asset (cache/kind.h) */
};

/* What a request says of its client; the strongest counts. */
enum fr_identity {
	FR_IDENTITY_NONE,
	FR_IDENTITY_FIELD,  /* X-Auth-Token, ... */
	FR_IDENTITY_COOKIE, /* one that may identify */
	FR_IDENTITY_BYPASS  /* one that says that the client is known to the site */
};

struct fr_identity_rules {
	struct fr_cookie_rules cookies;
	/* Identifies the client, besides Cookie and Authorization. NULL: none does. */
	bool (*is_credential)(const struct fr_field *f);
};

enum fr_audience fr_audience_of(const struct fr_response *resp);

/* What a request says for a response with these fields: what its Vary names is in the key,
 * so that it tells clients apart already; cookies to bypass count all the same. vary: the
 * response's fields; NULL: there is none yet. */
enum fr_identity fr_identity_of(const struct fr_fields *req, const struct fr_identity_rules *rules,
                                const struct fr_fields *vary);

bool fr_audience_has(enum fr_audience a, enum fr_identity who);

#endif
