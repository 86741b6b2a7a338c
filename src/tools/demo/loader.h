/* Loads one page the way a browser does, over one HTTP/2 connection with TLS,
 * and notes when everything came and how. Accepts pushes if told to. */
#ifndef FR_TOOLS_DEMO_LOADER_H
#define FR_TOOLS_DEMO_LOADER_H

#include "hints/plan.h"
#include "net/loop.h"
#include "net/tls.h"

#define FR_LOAD_MAX_ASSETS 256u
/* A page that is not complete by then is given up. */
#define FR_LOAD_MAX_MS 60000u

struct fr_load_asset { /* times in microseconds since the connection was begun */
	char path[128];
	enum fr_as as;
	bool is_blocking; /* rendering waits for it */
	bool is_pushed;   /* came by a promise */
	bool is_needed;   /* the page asked for it, or would have */
	bool is_done, is_failed;
	int status;
	size_t bytes;
	uint64_t start_us; /* requested or promised */
	uint64_t first_us, end_us;
};

struct fr_load_result {
	struct fr_load_asset assets[FR_LOAD_MAX_ASSETS]; /* the page first */
	size_t n;
	uint64_t render_us;   /* page's first byte and all blocking assets are there */
	uint64_t complete_us; /* everything is there */
	size_t pushed;
	bool failed;
	char problem[160];
};

/* Loads https://authority/target from 127.0.0.1:port; *result is filled before
 * on_done, which comes once and not from within. client is a TLS context
 * that offers h2 (borrowed until on_done). authority's host is verified. */
struct fr_load;
struct fr_load *fr_load_start(struct fr_loop *l, struct fr_tls_client *client, uint16_t port,
                              const char *authority, const char *target, bool accept_push,
                              struct fr_load_result *result, void (*on_done)(void *user),
                              void *user);

#endif
