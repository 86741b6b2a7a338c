/* A real Chromium as the engine: one process for each variant, driven through
 * its debugging pipe, a context of its own for each load, so that nothing is
 * cached and no connection is kept. Its network log becomes a fr_measurement
 * (netlog.h). Versions before 106 accept push, later ones act on 103. */
#ifndef FR_LAB_BROWSER_BROWSER_H
#define FR_LAB_BROWSER_BROWSER_H

#include <sys/socket.h>

#include "lab/measurement/series.h"
#include "net/loop.h"

/* A page that has not loaded by then is given up. */
#define FR_BROWSER_LIMIT_MS 90000u
/* Nothing in progress for this time after the load event: the load is over. */
#define FR_BROWSER_QUIET_MS 300u

struct fr_browser;

/* All strings are borrowed, as long as the browser is open. */
struct fr_browser_setup {
	const char *program;     /* path of the executable */
	const char *url;         /* of the page; only its host and port are routed */
	const char *certificate; /* PEM, to be trusted; "": the system's authorities are */
	bool insecure;           /* any certificate will do */
	enum fr_variant first;   /* whose process is started at once */
	/* Where to connect for a host and port in this variant: 0, or negative: nowhere. */
	int (*route)(void *user, enum fr_variant v, const char *host, uint16_t port,
	             struct sockaddr_storage *to);
	/* Around the start of a process: into the network it is to live in, and back. */
	void (*enter)(void *user);
	void (*leave)(void *user);
	void *user; /* borrowed, passed to the three above */
};

/* Starts the first process; on_ready, not from within, with NULL, or with what
 * is wrong. setup is copied. Never NULL. */
struct fr_browser *fr_browser_start(struct fr_loop *l, const struct fr_browser_setup *setup,
                                    void (*on_ready)(void *user, const char *problem), void *user);
/* "Chrome/156.0.8078.79", once it is ready. */
const char *fr_browser_name(const struct fr_browser *b);
/* load is initialised by this; on_done comes once, not from within. film:
 * takes pictures of the page on its way, which costs time of the processor. */
void fr_browser_load(struct fr_browser *b, const char *url, enum fr_variant v, bool film,
                     struct fr_measurement *load, void (*on_done)(void *user), void *user);
/* The load under way fails now. */
void fr_browser_cancel(struct fr_browser *b);
/* Ends it; its processes' memory goes when they have. Clears the pointer. */
void fr_browser_close(struct fr_browser **b);

#endif
