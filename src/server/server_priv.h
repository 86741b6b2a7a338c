/* What the halves of the server share: server.c starts, reloads and stops it, status.c
 * reports its state. Tests that turn a worker without a thread include it, too. */
#ifndef FR_SERVER_SERVER_PRIV_H
#define FR_SERVER_SERVER_PRIV_H

#include <stdatomic.h>

#include "observe/access_file.h"
#include "observe/access_log.h"
#include "server/server.h"
#include "server/worker_thread.h"

struct fr_historian;
struct fr_recoder;

/* A listener that is open: what it says and where it is. */
struct fr_bound {
	struct fr_config_listener config; /* its strings are owned copies */
	uint16_t port;
};

struct fr_server {
	struct fr_worker_thread **workers; /* owned */
	size_t n_workers;
	struct fr_admission *admission;   /* owned */
	struct fr_memory *memory;         /* owned */
	struct fr_tls_tickets *tickets;   /* owned */
	struct fr_store *store;           /* owned */
	struct fr_access_log *access_log; /* owned; NULL until one is configured */
	struct fr_learned *knowledge;     /* owned */
	uint64_t seed;
	struct fr_shared *shared; /* reference: the current configuration */
	struct fr_bound *bound;   /* owned; as the current configuration's listeners */
	size_t n_bound;
	bool has_parent; /* which opens the sockets, and removes the files of Unix sockets */
	int done_fd;     /* eventfd: all workers have ended */
	_Atomic size_t running;
	_Atomic size_t busy; /* of a drain: workers that are not empty yet */
	_Atomic bool is_stopping;
	_Atomic unsigned configurations;    /* taken so far */
	_Atomic unsigned crashes;           /* of those that served before */
	int64_t start_us;                   /* wall clock */
	struct fr_origin_registry *origins; /* owned */
	struct fr_site_registry *sites;     /* owned */
	struct fr_recoder *recoder;         /* owned; NULL: tests without threads */
	struct fr_historian *historian;     /* owned; NULL: tests without threads */
};

/* What the workers share under this configuration, of which it takes a reference; without
 * TLS contexts. Never NULL. */
struct fr_shared *fr_server_shared_new(struct fr_server *s, struct fr_config *config);

#endif
