/* The parent of the serving process: what `forerun serve` is unless --foreground. It opens the
 * listening sockets and keeps them for as long as it lives, reads the configuration and the files
 * that it names, hands both on (handover.h), passes signals on, and starts the
 * serving process again when it crashes: connections wait in the kernel's queue meanwhile. It
 * reads nothing from the network and serves nothing.
 *
 *   DOWN --start--> STARTING --READY--> SERVING --crash--> DOWN
 *                                         | SIGHUP   ^ READY, REFUSED
 *                                         RELOADING -+
 *
 * SIGTERM, SIGINT: it closes its sockets, and ends as the serving process does. When it is killed the
 * kernel kills the serving process.
 *
 * RESTARTS are immediate: FR_PARENT_BURST in a row, and one more every FR_PARENT_REFILL_MS.
 * A process that does not become ready is tried again after FR_PARENT_RETRY_MS, doubled each time up to
 * FR_PARENT_RETRY_MAX_MS. At the very first start nothing is tried again: the exit code says what was wrong. */
#ifndef FR_CLI_SERVE_PARENT_H
#define FR_CLI_SERVE_PARENT_H

#include <signal.h>

#include "cli/serve/options.h"

#define FR_PARENT_BURST 30u
#define FR_PARENT_REFILL_MS 2000u
#define FR_PARENT_RETRY_MS 100u
#define FR_PARENT_RETRY_MAX_MS 5000u

/* signals: blocked, and read here. old: the mask that the serving process gets. Returns an exit
 * code. */
int fr_parent_run(const struct fr_serve_options *o, int argc, char **argv, const sigset_t *signals,
                  const sigset_t *old);

#endif
