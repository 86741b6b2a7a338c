/* One line of an access log, read as a request. Understood are objects of JSON (Forerun's,
 * Caddy's, Traefik's, and those that nginx and others write under the names of their
 * variables), the common formats of nginx, Apache and Forerun ("combined", also with the
 * host in front), and lines of a template like Forerun's access_log.format. What stands
 * before a line, as journals write it, is passed over. No I/O. */
#ifndef FR_LAB_ADVISE_LOG_LINE_H
#define FR_LAB_ADVISE_LOG_LINE_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define FR_LOG_TEMPLATE_PIECES 64u

#define FR_LOG_UNKNOWN_BYTES UINT64_MAX

struct fr_log_line { /* empty: the line does not say; borrowed from the line and json */
	struct fr_str method, scheme, host, target, referer, agent, type, dest, end;
	struct fr_str id, parent, outcome, purpose;
	int status;
	uint64_t bytes;   /* of the body as sent; FR_LOG_UNKNOWN_BYTES */
	int64_t think_us; /* of the origin; negative: unknown */
	json_t *json;     /* owned; NULL: no JSON */
};

struct fr_log_template {
	struct {
		struct fr_str before; /* borrowed from the template */
		struct fr_str field;  /* its name; empty: the last piece */
	} pieces[FR_LOG_TEMPLATE_PIECES];
	size_t n;
};

/* "{client} {status} {target}". Fails if it has no {target}, if two fields touch, or at a
 * brace that stands alone. text: borrowed for the template's life. */
int fr_log_template_read(struct fr_str text, struct fr_log_template *out) FR_MUST_USE;

/* form: NULL: whatever it looks like. False: it is no line of a known form, and *out has
 * nothing to free. line: borrowed for the life of *out. */
bool fr_log_line_read(struct fr_str line, const struct fr_log_template *form,
                      struct fr_log_line *out);
void fr_log_line_fini(struct fr_log_line *l);

#endif
