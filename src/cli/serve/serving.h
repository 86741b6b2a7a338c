/* The process that serves: under a parent, which hands it its sockets and its configuration
 * and tells it what to do (handover.h), or alone (--foreground), where signals do. Both
 * return an exit code. */
#ifndef FR_CLI_SERVE_SERVING_H
#define FR_CLI_SERVE_SERVING_H

#include <signal.h>

#include "cli/serve/options.h"

/* Signals are blocked already; they are read here. */
int fr_serve_alone(const struct fr_serve_options *o, const sigset_t *signals);
/* fd: of the handover; owned. */
int fr_serve_under_parent(const struct fr_serve_options *o, int fd);

#endif
