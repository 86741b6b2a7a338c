/* Lines out of a window over zlib's reader, which takes plain files as they are. */
#include "lab/advise/lines.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

struct fr_lines {
	gzFile file;   /* owned */
	size_t at, n;  /* of the window: what is not given out yet */
	size_t passed; /* lines that were too long */
	bool is_over, has_failed;
	char window[FR_LINE_BYTES];
};

struct fr_lines *fr_lines_open(const char *file)
{
	gzFile f = gzopen(file, "rbe");
	struct fr_lines *l;

	if (!f)
		return NULL;
	l = fr_calloc(1, sizeof *l);
	l->file = f;
	return l;
}

void fr_lines_close(struct fr_lines **lp)
{
	if (!*lp)
		return;
	(void)gzclose((*lp)->file);
	free(*lp);
	*lp = NULL;
}

size_t fr_lines_read(struct fr_lines *l, void *to, size_t len)
{
	int got = gzread(l->file, to, len > INT32_MAX ? INT32_MAX : (unsigned)len);

	l->has_failed |= got < 0;
	l->is_over |= got <= 0;
	return got > 0 ? (size_t)got : 0;
}

/* More into the window, behind what is left in it. False: there is no more, or no room. */
static bool fill(struct fr_lines *l)
{
	size_t got;

	if (l->at) {
		memmove(l->window, l->window + l->at, l->n - l->at);
		l->n -= l->at;
		l->at = 0;
	}
	if (l->is_over || l->n == sizeof l->window)
		return false;
	got = fr_lines_read(l, l->window + l->n, sizeof l->window - l->n);
	l->n += got;
	return got > 0;
}

/* Up to the end of a line that is too long. */
static void pass_over(struct fr_lines *l)
{
	l->passed++;
	for (;;) {
		struct fr_str left = fr_str_make(l->window + l->at, l->n - l->at);
		size_t end = fr_str_find(left, '\n');

		l->at += end < left.len ? end + 1 : end;
		if (end < left.len || !fill(l))
			return;
	}
}

bool fr_lines_next(struct fr_lines *l, struct fr_str *line)
{
	for (;;) {
		struct fr_str left = fr_str_make(l->window + l->at, l->n - l->at);
		size_t end = fr_str_find(left, '\n');

		if (end < left.len || (l->is_over && left.len)) {
			l->at += end < left.len ? end + 1 : end;
			*line = fr_str_sub(left, 0, end);
			if (line->len && line->p[line->len - 1] == '\r')
				line->len--;
			return true;
		}
		if (fill(l) || (l->is_over && l->n > l->at))
			continue;
		if (l->is_over)
			return false;
		pass_over(l);
	}
}

bool fr_lines_rewind(struct fr_lines *l)
{
	if (gzrewind(l->file) != 0)
		return false;
	l->at = l->n = l->passed = 0;
	l->is_over = l->has_failed = false;
	return true;
}

size_t fr_lines_passed_over(const struct fr_lines *l)
{
	return l->passed;
}

bool fr_lines_error(const struct fr_lines *l)
{
	return l->has_failed;
}
