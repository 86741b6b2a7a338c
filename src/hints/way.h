/* Chooses how hints reach a client: by push, in a 103, or only in the response's own Link
 * fields. The choice depends on the client's capabilities and the site's
 * settings, never on the User-Agent. No I/O, no clock. */
#ifndef FR_HINTS_WAY_H
#define FR_HINTS_WAY_H

#include <stdbool.h>

#include "http/message.h"

enum fr_way {
	FR_WAY_HEADER, /* only in the response's own Link fields */
	FR_WAY_PUSH,
	FR_WAY_EARLY /* one 103 */
};

/* The page's request, its client, and the settings for the page. */
struct fr_way_facts {
	enum fr_version version;
	bool is_get;
	bool is_navigation;    /* Sec-Fetch-Mode: navigate */
	bool is_ahead;         /* a prefetch: nobody looks at the page yet */
	bool saves_data;       /* Save-Data: on */
	bool takes_push;       /* the client accepts pushes now */
	bool push_is_on;       /* setting */
	bool early_is_off;     /* setting: no 103 */
	bool early_for_all;    /* setting: a 103 to requests that are no navigations, too */
	bool early_over_http1; /* setting: a 103 over HTTP/1.1, too */
};

enum fr_way fr_way_choose(const struct fr_way_facts *f);

/* May the client get a 103, be it ours or the origin's? */
bool fr_way_allows_103(const struct fr_way_facts *f);

/* May hints leave this way before the response? A client that asks whether the page changed
 * has the page, and so its assets: it gets no pushes. */
bool fr_way_is_early(enum fr_way way, bool is_conditional);

#endif
