/* Watches the responses of origins, to learn from them: those that an exchange gets itself
 * and those that are fetched into the store, alike. The watcher only reads. A row of stages
 * names it (exchange/stage.h). */
#ifndef FR_EXCHANGE_ORIGIN_WATCH_H
#define FR_EXCHANGE_ORIGIN_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fr_exchange;
struct fr_plan;
struct fr_request;
struct fr_response;
struct fr_shared;

/* How a request was answered. */
struct fr_observed_response {
	const struct fr_request *req;
	const struct fr_response *resp;
	uint64_t client;  /* whose request it was: fr_exchange_client_hash */
	uint64_t bytes;   /* of its body, when that has ended; 0: as its Content-Length says */
	bool is_ours;     /* a push, or a fetch without a client */
	bool is_storable; /* the shared cache took it */
};

struct fr_origin_watch {
	/* A final head came, or a body ended whose length the head did not say. */
	void (*answered)(const struct fr_shared *shared, const struct fr_observed_response *a);
	/* A client's own request was answered with resp, whose body follows. ex: whose it is,
	 * needed for this call only. Returns what the functions below get; NULL: the body is
	 * not watched. */
	void *(*begin)(const struct fr_exchange *ex, const struct fr_request *req,
	               const struct fr_response *resp);
	/* A piece of the body, as the origin sent it. */
	void (*body)(void *watched, const void *data, size_t len);
	/* The body is complete. plan: of the page's exchange, if it is still there; else NULL.
	 * Frees; watched NULL is allowed. */
	void (*end)(void *watched, struct fr_plan *plan);
	/* It broke off. Frees; watched NULL is allowed. */
	void (*drop)(void *watched);
};

#endif
