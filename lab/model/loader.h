/* Loads one page over real sockets with the model of page.h: connections with
 * TLS to its origins, HTTP/2 on each; names looked up where they are a part of
 * the load; the events are told to the page with the
 * time since the load began. Cold: nothing is kept from load to load. */
#ifndef FR_LAB_MODEL_LOADER_H
#define FR_LAB_MODEL_LOADER_H

#include <sys/socket.h>

#include "lab/measurement/measurement.h"
#include "net/loop.h"
#include "net/tls.h"

/* A page that is not complete by then is given up. */
#define FR_LOADER_LIMIT_MS 60000u
/* Pushes and preloads that nobody needs are waited for so long, so that they
 * are counted with all their bytes. */
#define FR_LOADER_LINGER_MS 3000u

struct fr_loader_spec {  /* borrowed until on_done */
	const char *url; /* https */
	bool accept_push;
	bool early_hints;
	struct fr_tls_client *tls; /* offers h2 */
	unsigned cpu_percent;      /* as in page.h */
	uint64_t connect_us;       /* what connecting takes on the emulated network */
	/* Where to connect to for this host and port, 0 or negative. NULL event: nowhere. */
	int (*route)(void *user, const char *host, uint16_t port, struct sockaddr_storage *to);
	/* Is that host a name that is looked up in each load? NULL: none is. */
	bool (*is_name)(void *user, const char *host, uint16_t port);
	uint64_t look_up_us; /* what that takes on the emulated network, on top */
	/* Around the making of a socket (network namespaces); NULL: nothing. */
	void (*enter)(void *user);
	void (*leave)(void *user);
	void *user; /* borrowed: of route, is_name, enter and leave */
};

struct fr_loader;

/* load: uninitialised; filled before on_done, which comes once and never from
 * within; then the caller owns it. Never NULL. */
struct fr_loader *fr_loader_start(struct fr_loop *l, const struct fr_loader_spec *spec,
                                  struct fr_measurement *load, void (*on_done)(void *user),
                                  void *user);
/* Gives up now: on_done comes soon, with a failed load. */
void fr_loader_cancel(struct fr_loader *l);

#endif
