/* The listening sockets of a configuration, as the parent keeps them. Two sets share the
 * sockets of listeners that both have. A reload opens new listeners; a removed listener
 * closes (and a Unix socket's file is removed) with the last set that has it. */
#ifndef FR_CLI_SERVE_LISTENING_H
#define FR_CLI_SERVE_LISTENING_H

#include "config/config.h"

struct fr_listening;

/* One for each listener of the configuration, for so many workers. old: NULL or what is open
 * already. 0; FR_ERR_IO with *why filled. */
int fr_listening_open(const struct fr_config *config, size_t workers,
                      const struct fr_listening *old, struct fr_listening **out,
                      struct fr_config_problem *why) FR_MUST_USE;
/* Calls give with the sockets of each listener that has any. 0 or what give returned. */
int fr_listening_each(const struct fr_listening *l,
                      int (*give)(void *user, size_t index, const int *fds, size_t n), void *user);
size_t fr_listening_count(const struct fr_listening *l);
/* NULL is allowed. */
void fr_listening_close(struct fr_listening **l);

#endif
