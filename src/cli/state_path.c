/* Finds, and makes, the default folder for state. */
#include "cli/state_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

/* A folder that cannot be made shows when its file is opened. */
static void make_folder(const char *path)
{
	(void)mkdir(path, 0700);
}

bool fr_state_default_path(const char *name, char *out, size_t cap)
{
	const char *systemd = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME"), *sub = "/.local/state";
	char folder[4096];

	if (is_absolute(systemd)) {
		(void)snprintf(out, cap, "%s/%s", systemd, name);
		return true;
	}
	if (!is_absolute(xdg) && !is_absolute(home))
		return false;
	if (is_absolute(xdg)) {
		home = xdg;
		sub = "";
	} else {
		(void)snprintf(folder, sizeof folder, "%s/.local", home);
		make_folder(folder);
	}
	(void)snprintf(folder, sizeof folder, "%s%s", home, sub);
	make_folder(folder);
	(void)snprintf(folder, sizeof folder, "%s%s/forerun", home, sub);
	make_folder(folder);
	(void)snprintf(out, cap, "%s%s/forerun/%s", home, sub, name);
	return true;
}
