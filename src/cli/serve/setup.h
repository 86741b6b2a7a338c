/* What parent, serving process and `--foreground` do alike before they start. */
#ifndef FR_CLI_SERVE_SETUP_H
#define FR_CLI_SERVE_SETUP_H

#include <signal.h>

#include "cli/serve/options.h"
#include "net/local_ca.h"

/* Makes the configuration that the options ask for, with its defaults, and sets the log's level.
 * files: from where; NULL: from the disk. *ca: see fr_local_tls_apply. As fr_config_load. */
int fr_serve_load(const struct fr_serve_options *o, struct fr_files *files, struct fr_config **out,
                  struct fr_local_ca *ca, struct fr_config_problem *why) FR_MUST_USE;
/* Blocks those that serve answers to, in this thread and those that it starts; ignores SIGPIPE.
 * old: what was blocked before; NULL: nobody asks. */
void fr_serve_block_signals(sigset_t *set, sigset_t *old);
/* Connections to clients and origins are descriptors: as many as allowed. */
void fr_serve_raise_descriptors(void);

#endif
