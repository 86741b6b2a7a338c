/* Checks that an origin can be reached before anything is measured, so that the error is
 * "connection refused" and not a failed page. Blocks for at most FR_PROBE_TIMEOUT_MS per
 * address. */
#ifndef FR_LAB_PROFILE_PROBE_H
#define FR_LAB_PROFILE_PROBE_H

#include <stddef.h>

#define FR_PROBE_TIMEOUT_MS 5000

/* origin: "http://host:port", as options.h leaves it. 0, or FR_ERR_CONNECT with
 * a sentence in why (cap bytes). What is no such text counts as reachable: others
 * say what is wrong with it. */
int fr_probe_origin(const char *origin, char *why, size_t cap);

#endif
