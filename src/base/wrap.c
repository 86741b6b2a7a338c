/* Counts characters of words and of the spaces between them. */
#include "base/wrap.h"

#include "base/err.h"

#define LEAST_WIDTH 8u

static bool is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t characters(struct fr_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += !is_tail(s.p[i]);
	return n;
}

static void skip_spaces(struct fr_str *s)
{
	size_t n = 0;

	while (n < s->len && s->p[n] == ' ')
		n++;
	*s = fr_str_sub(*s, n, s->len);
}

struct fr_str fr_wrap_next(struct fr_str *rest, size_t columns)
{
	struct fr_str line, ahead;

	skip_spaces(rest);
	line = fr_str_sub(*rest, 0, fr_str_find(*rest, ' '));
	for (;;) {
		size_t word;

		ahead = fr_str_sub(*rest, line.len, rest->len);
		skip_spaces(&ahead);
		word = fr_str_find(ahead, ' ');
		if (!ahead.len ||
		    characters(line) + 1 + characters(fr_str_sub(ahead, 0, word)) > columns)
			break;
		line.len = (size_t)(ahead.p - rest->p) + word;
	}
	*rest = ahead;
	return line;
}

void fr_wrap_shorten(char *text, size_t width)
{
	size_t len = strlen(text), head, tail;

	width = width < LEAST_WIDTH ? LEAST_WIDTH : width;
	if (len <= width)
		return;
	head = width / 3;
	tail = len - (width - head - 2);
	while (head > 0 && is_tail(text[head]))
		head--;
	while (is_tail(text[tail]))
		tail++;
	memcpy(text + head, "..", 2);
	memmove(text + head + 2, text + tail, len - tail + 1);
}
