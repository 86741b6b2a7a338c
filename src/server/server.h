/* The edge as a whole: workers (one thread each, with its own loop, listeners
 * and origin pools), the configuration that they share, reload and drain.
 * `serve` and `demo` run one. Signals are the caller's: it calls reload, stop
 * and log_counters from one thread of its own.
 *
 * It serves until fr_server_stop; then it drains. fr_server_done_fd says when that has ended. */
#ifndef FR_SERVER_SERVER_H
#define FR_SERVER_SERVER_H

#include <stdint.h>

#include "config/config.h"

struct fr_server;
struct fr_sockets;

/* Opens every listener and starts the workers; returns when all accept
 * connections. config: a reference is taken. sockets: of a parent process, which
 * keeps them and the files of Unix sockets; what is used is taken; NULL: the server
 * opens and removes its own. 0; FR_ERR_IO, FR_ERR_TLS, FR_ERR_INVALID with
 * *why filled and nothing left running. */
int fr_server_start(struct fr_config *config, struct fr_sockets *sockets, struct fr_server **out,
                    struct fr_config_problem *why) FR_MUST_USE;

/* How many processes have crashed in its place: for its figures. Thread-safe. */
void fr_server_note_crashes(struct fr_server *s, unsigned n);

/* How many workers a server of that configuration would have. */
size_t fr_server_count_workers(const struct fr_config *config);

/* The port that listener number `index` of the configuration really has
 * (where it says 0 the kernel chose one); 0 for Unix sockets. */
uint16_t fr_server_port(const struct fr_server *s, size_t index);

/* Swaps the configuration: new connections and new requests use it; requests
 * under way end with the old one. Listeners that are gone are closed, new
 * ones opened. On failure nothing has changed and *why says why. sockets: as for
 * fr_server_start. */
int fr_server_reload(struct fr_server *s, struct fr_config *config, struct fr_sockets *sockets,
                     struct fr_config_problem *why) FR_MUST_USE;

/* Begins the drain: no new connections, GOAWAY and Connection: close to the
 * old ones; what is left after timeouts.drain_ms is cut. Returns at once. A
 * second call cuts everything now. */
void fr_server_stop(struct fr_server *s);

/* Waits until a stopped server has ended, frees it. Returns the number of
 * objects (connections, exchanges, ...) that were leaked: 0. */
size_t fr_server_join(struct fr_server **s);

/* A descriptor that becomes readable when the drain has ended. Borrowed. */
int fr_server_done_fd(const struct fr_server *s);

/* Opens the access log's file again by its name. Returns at once. Thread-safe. */
void fr_server_reopen_logs(struct fr_server *s);

#endif
