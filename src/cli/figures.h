/* Reads figures from the status's JSON (docs/observability.md) and prints them for people.
 * Used by status and top. */
#ifndef FR_CLI_FIGURES_H
#define FR_CLI_FIGURES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/admin_client.h"

/* Asks for the status; NULL with *exit set if it failed. Free with json_decref. */
json_t *fr_status_ask(const struct fr_admin_client *c, int *exit_code);

/* The number at a path of keys like "counters.requests"; 0 if there is none. */
double fr_figure(const json_t *status, const char *path);
/* The text of a key, without what could move a terminal's cursor; out is cut. */
void fr_figure_text(const json_t *object, const char *key, char *out, size_t cap);

/* "1.5 MB", "12 ms", "3 h 02 m"; out has room for FR_FIGURE_BYTES. */
#define FR_FIGURE_BYTES 24u
const char *fr_print_bytes(double bytes, char *out);
const char *fr_print_us(double us, char *out);
const char *fr_print_age(double seconds, char *out);
/* That lines for people may take: those of the terminal, 80 to 100; else 100. */
unsigned fr_columns(void);
/* part of whole in percent; 0 of nothing. */
double fr_percent(double part, double whole);

#endif
