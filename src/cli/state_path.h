/* The default place of the hint memory's file. */
#ifndef FR_CLI_STATE_PATH_H
#define FR_CLI_STATE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The file `name` in $STATE_DIRECTORY (set by systemd), $XDG_STATE_HOME/forerun or
 * $HOME/.local/state/forerun; the last folders are made. False if none is set. */
bool fr_state_default_path(const char *name, char *out, size_t cap);

#endif
