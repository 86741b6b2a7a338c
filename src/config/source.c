/* Where values of the configuration come from: errors name the file and the line, paths are
 * relative to the file's folder. Declared in config/config_priv.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/config_priv.h"

int fr_config_complain(const struct fr_source *s, const char *path, const char *fmt, ...)
{
	unsigned line = s->text ? fr_config_locate(s->text, s->len, path) : 0;
	char what[600], where[32] = "";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (line)
		(void)snprintf(where, sizeof where, "%u: ", line);
	(void)snprintf(s->why->text, sizeof s->why->text, "%s:%s%s%s: %s", s->name, line ? "" : " ",
	               where, path, what);
	return FR_ERR_INVALID;
}

/* Paths of files are taken relative to the configuration's folder. */
char *fr_config_dup_path(const struct fr_source *s, const char *path)
{
	const char *slash = s->text ? strrchr(s->name, '/') : NULL;
	char *all;
	size_t dir;

	if (!path)
		return NULL;
	if (path[0] == '/' || !slash)
		return fr_str_dup(fr_str_from(path));
	dir = (size_t)(slash - s->name) + 1;
	all = fr_malloc(dir + strlen(path) + 1);
	memcpy(all, s->name, dir);
	memcpy(all + dir, path, strlen(path) + 1);
	return all;
}

char **fr_config_dup_names(char *const *names, unsigned n)
{
	char **out = fr_calloc(n, sizeof(char *));

	for (unsigned i = 0; i < n; i++)
		out[i] = fr_str_dup(fr_str_from(names[i]));
	return out;
}
