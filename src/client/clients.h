/* The connections of one worker, and the sockets that bring them. Used on its thread. */
#ifndef FR_CLIENT_CLIENTS_H
#define FR_CLIENT_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

struct fr_client;
struct fr_listener;
struct fr_worker;

struct fr_clients {
	struct fr_worker *worker;        /* borrowed; it has their number */
	struct fr_client *first;         /* borrowed, linked */
	size_t n_admin;                  /* of them, the admin interface's */
	uint64_t seen;                   /* so far: each has its number */
	struct fr_listener *listeners;   /* owned, linked */
	uint64_t header_silent_until_ms; /* of PROXY headers that are refused */
	void (*on_closed)(void *user);   /* one has gone */
	void *user;                      /* borrowed */
};

#endif
