/* Reads figures from the status's JSON, and prints bytes, times and shares. */
#include "cli/figures.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/wrap.h"
#include "command/command.h"

#define MOST_COLUMNS 100u

json_t *fr_status_ask(const struct fr_admin_client *c, int *exit_code)
{
	struct fr_buf body;
	json_t *status = NULL;
	int rc;

	fr_buf_init(&body, FR_ADMIN_CLIENT_MAX_BYTES);
	rc = fr_admin_client_ask(c, "GET", "/status", &body);
	if (rc == 0) {
		status = json_loads((const char *)fr_buf_data(&body), 0, NULL);
		if (json_integer_value(json_object_get(status, "version")) != 1) {
			fprintf(stderr,
			        json_object_get(status, "forerun")
			                ? "%s: the edge is of another version: its status cannot "
			                  "be read\n"
			                : "%s: this is no admin interface of Forerun: its answer "
			                  "is no status\n",
			        c->command);
			json_decref(status);
			status = NULL;
			rc = -FR_EXIT_FAILED;
		}
	}
	*exit_code = -rc;
	fr_buf_fini(&body);
	return status;
}

double fr_figure(const json_t *status, const char *path)
{
	const json_t *at = status;

	while (at && *path) {
		size_t len = strcspn(path, ".");
		char key[64];

		(void)snprintf(key, sizeof key, "%.*s", (int)len, path);
		at = json_object_get(at, key);
		path += len + (path[len] == '.');
	}
	return json_number_value(at);
}

void fr_figure_text(const json_t *object, const char *key, char *out, size_t cap)
{
	const char *s = json_string_value(json_object_get(object, key));
	size_t n = 0;

	for (; s && *s && n + 1 < cap; s++)
		out[n++] = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
	out[n] = '\0';
}

const char *fr_print_bytes(double bytes, char *out)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t u = 0;

	while (bytes >= 1000 && u + 1 < sizeof units / sizeof *units) {
		bytes /= 1000;
		u++;
	}
	(void)snprintf(out, FR_FIGURE_BYTES, u && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes,
	               units[u]);
	return out;
}

const char *fr_print_us(double us, char *out)
{
	if (us < 1000)
		(void)snprintf(out, FR_FIGURE_BYTES, "%.0f us", us);
	else if (us < 1e6)
		(void)snprintf(out, FR_FIGURE_BYTES, us < 1e4 ? "%.1f ms" : "%.0f ms", us / 1e3);
	else
		(void)snprintf(out, FR_FIGURE_BYTES, "%.1f s", us / 1e6);
	return out;
}

const char *fr_print_age(double seconds, char *out)
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s < 60)
		(void)snprintf(out, FR_FIGURE_BYTES, "%lu s", s);
	else if (s < 3600)
		(void)snprintf(out, FR_FIGURE_BYTES, "%lu m %02lu s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, FR_FIGURE_BYTES, "%lu h %02lu m", s / 3600, s / 60 % 60);
	else
		(void)snprintf(out, FR_FIGURE_BYTES, "%lu d %02lu h", s / 86400, s / 3600 % 24);
	return out;
}

unsigned fr_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col > MOST_COLUMNS)
		return MOST_COLUMNS;
	return size.ws_col < FR_WRAP_COLUMNS ? FR_WRAP_COLUMNS : size.ws_col;
}

double fr_percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}
