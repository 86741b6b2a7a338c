/* The default path of the admin interface's socket. */
#include "cli/admin_path.h"

#include <stdio.h>
#include <stdlib.h>

void fr_admin_default_path(char *out, size_t cap)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	(void)snprintf(out, cap, "%s/forerun.sock", dir && dir[0] == '/' ? dir : "/run");
}
