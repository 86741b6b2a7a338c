/* The admin interface: requests on the admin listener, which have no site.
 * docs/observability.md and docs/cache.md describe it.
 *
 *   GET  /live /ready           health; without a token
 *   GET  /metrics /status       figures: Prometheus' text, JSON
 *   GET  /history?range=        an hour by seconds, a day by minutes
 *   GET  /events                the status each second, as server-sent events
 *   GET  /dashboard/            a page that shows it all; without a token: no secrets
 *   POST /purge                 removes responses from the cache
 *   POST /experiment            starts or stops a comparison: start=, share=, stop=
 *   POST /log-level             level=, module=
 *
 * Over TCP a bearer token (RFC 6750) is required; it is compared in constant time. Web pages
 * of other sites may not use the interface: Origin and Sec-Fetch-Site reveal them. Without a
 * token, Host must name this machine, so that a foreign name that resolves to it is refused. */
#ifndef FR_STAGES_ADMIN_ADMIN_H
#define FR_STAGES_ADMIN_ADMIN_H

#include "exchange/exchange.h"
#include "observe/history.h"
#include "observe/status.h"

/* Status streams at once, of one worker. */
#define FR_ADMIN_MAX_EVENTS 8u
#define FR_ADMIN_EVENT_MS 1000u

/* What it may ask of the server that it speaks for; server: fr_shared's. */
struct fr_admin_ops {
	bool (*is_draining)(const void *server);
	/* All figures of now; free with fr_status_fini. with_traffic: the top pages and assets,
	 * too. shared: the configuration that they are of. */
	void (*snapshot)(void *server, const struct fr_shared *shared, bool with_traffic,
	                 struct fr_status *out);
	/* What happened lately, as JSON; appends. 0, or negative. */
	int (*history)(void *server, enum fr_history_range range, struct fr_buf *out);
};

/* Takes every request of the admin listener. */
extern const struct fr_stage fr_admin_stage;

#endif
