/* The default address of the admin interface: serve listens there, purge asks there. */
#ifndef FR_CLI_ADMIN_PATH_H
#define FR_CLI_ADMIN_PATH_H

#include <stddef.h>

/* $XDG_RUNTIME_DIR/forerun.sock, without that /run/forerun.sock. */
void fr_admin_default_path(char *out, size_t cap);

#endif
