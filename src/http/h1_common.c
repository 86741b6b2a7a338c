/* What every part of the HTTP/1.1 parser does: bears a fault or fails, and collects a line
 * or a section that comes in pieces. Declared in http/h1_priv.h. */
#include <string.h>

#include "http/h1_priv.h"

bool fr_h1_bears(struct fr_h1_parser *p, enum fr_h1_sloppy fault)
{
	if (p->is_request)
		return false;
	p->sloppy |= 1u << fault;
	return true;
}

bool fr_h1_bears_once(struct fr_h1_parser *p, enum fr_h1_sloppy fault)
{
	if (!fr_h1_bears(p, fault))
		return false;
	p->is_doubtful = true;
	p->resp->keep_alive = false;
	return true;
}

struct fr_h1_result fr_h1_fail(struct fr_h1_parser *p, enum fr_h1_error e)
{
	p->state = FR_H1_ST_FAILED;
	p->error = e;
	return (struct fr_h1_result){.event = FR_H1_FAILED, .error = e};
}

/* Where "\r\n" (or, for a section, the empty line) ends within `text`,
 * searching from `from`; 0 if it is not there. A bare LF ends it as well: the
 * reader then finds the fault. */
static size_t find_end(const char *text, size_t len, size_t from, bool section)
{
	while (from < len) {
		const char *lf = memchr(text + from, '\n', len - from);
		size_t at;

		if (!lf)
			return 0;
		at = (size_t)(lf - text);
		if (!section)
			return at + 1;
		/* an empty line: at the very beginning or after another line's end */
		if (at == 0 || text[at - 1] == '\n' ||
		    (text[at - 1] == '\r' && (at == 1 || text[at - 2] == '\n')))
			return at + 1;
		from = at + 1;
	}
	return 0;
}

static int copy_out(struct fr_h1_parser *p, const void *data, size_t len, char **text,
                    size_t *text_len)
{
	char *copy = fr_arena_alloc(p->arena, len);

	if (!copy)
		return -(int)FR_H1_MEMORY;
	memcpy(copy, data, len);
	*text = copy;
	*text_len = len;
	return 1;
}

int fr_h1_collect(struct fr_h1_parser *p, const uint8_t *data, size_t len, bool section, size_t max,
                  enum fr_h1_error too_large, char **text, size_t *text_len, size_t *used)
{
	size_t held = fr_buf_len(&p->held), end, take;
	int rc;

	if (held == 0) {
		end = find_end((const char *)data, len, 0, section);
		if (end > max) {
			*used = max + 1;
			return -(int)too_large;
		}
		if (end) {
			*used = end;
			return copy_out(p, data, end, text, text_len);
		}
	}
	/* one byte beyond the maximum tells that it is passed */
	take = held + len > max ? max + 1 - held : len;
	if (fr_buf_append(&p->held, data, take) < 0)
		return -(int)FR_H1_MEMORY;
	end = find_end((const char *)fr_buf_data(&p->held), held + take, held < 2 ? 0 : p->scanned,
	               section);
	p->scanned = held + take;
	if (!end || end > max) {
		*used = take;
		return held + take > max ? -(int)too_large : 0;
	}
	*used = end - held;
	rc = copy_out(p, fr_buf_data(&p->held), end, text, text_len);
	fr_buf_clear(&p->held);
	p->scanned = 0;
	return rc;
}
