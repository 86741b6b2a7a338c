/* Where values of the configuration come from, and what is wrong with them: faults are
 * gathered with file, line and key. Paths are relative to the file's folder. Declared in
 * config/config_priv.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config_priv.h"

/* "sites[0].origin" is below "sites[0]", and below itself. */
static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return n && strncmp(path, above, n) == 0 &&
	       (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

/* One fault for each key, and none for what an earlier one explains. */
static bool is_known(const struct fr_faults *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(path, f->v[i].path) == 0 || is_below(path, f->v[i].excuses))
			return true;
	return false;
}

/* Sorted by line; those of one line as they were found. */
static struct fr_fault *insert(struct fr_faults *f, unsigned line)
{
	size_t at = f->n++;

	for (; at > 0 && f->v[at - 1].line > line; at--)
		f->v[at] = f->v[at - 1];
	f->v[at] = (struct fr_fault){.line = line};
	return &f->v[at];
}

/* The option of forerun serve that gave the value at a path; NULL: none did. */
static const char *option_of(const char *path)
{
	static const struct {
		const char *above, *option;
	} rows[] = {
		{"listen", "--listen"},         {"sites[0].origin", "--origin"},
		{"tls.certificate", "--cert"},  {"tls.key", "--key"},
		{"tls", "--cert and --key"},    {"workers", "--workers"},
		{"access_log", "--access-log"},
	};

	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (is_below(path, rows[i].above))
			return rows[i].option;
	return NULL;
}

void fr_config_print_place(const char *name, unsigned line, const char *path, char *out, size_t cap)
{
	const char *option = strcmp(name, FR_COMMAND_LINE) == 0 ? option_of(path) : NULL;

	if (option)
		(void)snprintf(out, cap, "%s", option);
	else if (line)
		(void)snprintf(out, cap, "%s:%u%s%s", name, line, *path ? ": " : "", path);
	else
		(void)snprintf(out, cap, "%s%s%s", name, *path ? ": " : "", path);
}

static int complain(const struct fr_source *s, unsigned line, const char *path, const char *excuses,
                    const char *what)
{
	char where[400], text[sizeof(struct fr_config_problem)];
	struct fr_fault *fault;

	fr_config_print_place(s->name, line, path, where, sizeof where);
	(void)snprintf(text, sizeof text, "%s: %s", where, what);
	fault = insert(s->faults, line);
	fault->path = fr_str_dup(fr_str_from(path));
	fault->excuses = fr_str_dup(fr_str_from(excuses));
	fault->text = fr_str_dup(fr_str_from(text));
	return FR_ERR_INVALID;
}

static bool is_wanted(const struct fr_source *s, const char *path)
{
	if (is_known(s->faults, path))
		return false;
	s->faults->more += s->faults->n == FR_CONFIG_MAX_FAULTS;
	return s->faults->n < FR_CONFIG_MAX_FAULTS;
}

int fr_config_complain(const struct fr_source *s, const char *path, const char *fmt, ...)
{
	char what[600];
	va_list ap;

	if (!is_wanted(s, path))
		return FR_ERR_INVALID;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return complain(s, s->text ? fr_config_locate(s->text, s->len, path) : 0, path, "", what);
}

void fr_config_complain_at(const struct fr_source *s, unsigned line, const char *path,
                           const char *excuses, const char *fmt, ...)
{
	char what[600];
	va_list ap;

	if (!is_wanted(s, path))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	(void)complain(s, line, path, excuses, what);
}

void fr_faults_fini(struct fr_faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].excuses);
		free(f->v[i].text);
	}
	f->n = 0;
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

/* An entry that is no text was complained of. */
char **fr_config_dup_names(char *const *names, unsigned n)
{
	char **out = fr_calloc(n, sizeof(char *));

	for (unsigned i = 0; i < n; i++)
		out[i] = fr_str_dup(fr_str_from(names[i]));
	return out;
}
