/* A browser's network events (DevTools' Network domain) made into a fr_measurement. No I/O. */
#ifndef FR_LAB_BROWSER_NETLOG_H
#define FR_LAB_BROWSER_NETLOG_H

#include <jansson.h>

#include "lab/measurement/measurement.h"

struct fr_netlog;

/* load: initialised, borrowed. */
struct fr_netlog *fr_netlog_new(struct fr_measurement *load);
void fr_netlog_free(struct fr_netlog **n);
/* One event; those of other domains are ignored. */
void fr_netlog_event(struct fr_netlog *n, const char *method, const json_t *params);
/* Requests that have not ended. */
size_t fr_netlog_open(const struct fr_netlog *n);
/* A picture of the page (Page.screencastFrame). */
void fr_netlog_frame(struct fr_netlog *n, const json_t *params);
/* The load is over. seen: what the page's own timing interfaces say (the value
 * of FR_NETLOG_QUESTION). Fills the load's figures; fails it if nothing came. */
void fr_netlog_finish(struct fr_netlog *n, const json_t *seen);

/* What is evaluated in the page for fr_netlog_finish. */
extern const char FR_NETLOG_QUESTION[];

#endif
