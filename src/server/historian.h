/* Looks at the server's counters once a second, on a thread of its own, and keeps what it saw as
 * history. It goes on over reloads. */
#ifndef FR_SERVER_HISTORIAN_H
#define FR_SERVER_HISTORIAN_H

#include "base/err.h"
#include "observe/history.h"

struct fr_server;
struct fr_historian;

/* s: borrowed; must outlive it, with its workers. 0 or FR_ERR_IO. */
int fr_historian_start(struct fr_server *s, struct fr_historian **out) FR_MUST_USE;
/* Looks no more, before the workers go: waits for its thread. NULL is allowed. */
void fr_historian_stop(struct fr_historian *h);
/* Frees one that was stopped, clears the pointer. NULL is allowed. */
void fr_historian_free(struct fr_historian **h);
/* Borrowed until it is freed. Any thread. */
struct fr_history *fr_historian_history(struct fr_historian *h);

#endif
