/* Scans a page and tells what was found as text, for tests of the scan:
 *   !</a.css>; rel=preload; as=style -- "!": blocking, "~": late */
#ifndef FR_UNIT_SCAN_TEXT_H
#define FR_UNIT_SCAN_TEXT_H

#include "hints/scan.h"
#include "unit.h"

#define PAGE "https://h.test/d/page?q"
#define HTML_UTF8 "text/html; charset=utf-8"

struct scanned {
	char text[32768];
	size_t n, head_bytes;
	bool is_complete, is_done;
};

static inline void scan_tell(struct scanned *r, const struct fr_scan_hint *h)
{
	size_t n = strlen(r->text);
	struct fr_arena arena;
	struct fr_str link;

	fr_arena_init(&arena, 1u << 20);
	assert_int_equal(fr_link_write(&arena, &h->link, h->link.target, &link), 0);
	(void)snprintf(r->text + n, sizeof r->text - n, "%s%s%.*s\n", h->is_blocking ? "!" : "",
	               h->is_late ? "~" : "", FR_STR_ARG(link));
	fr_arena_fini(&arena);
}

/* piece: bytes fed at once; 0: all. */
static inline void scan_pieces(struct scanned *r, const char *type, const char *encoding,
                               const void *body, size_t len, size_t piece)
{
	struct fr_scan *s = fr_scan_new(S(PAGE), S(type), S(encoding));
	const struct fr_scan_hint *hints;

	assert_non_null(s);
	memset(r, 0, sizeof *r);
	for (size_t at = 0, n; at < len; at += n) {
		n = piece && piece < len - at ? piece : len - at;
		fr_scan_feed(s, (const char *)body + at, n);
	}
	r->is_done = fr_scan_is_done(s);
	r->head_bytes = fr_scan_head_bytes(s);
	r->n = fr_scan_end(s, &hints, &r->is_complete);
	for (size_t i = 0; i < r->n; i++)
		scan_tell(r, &hints[i]);
	fr_scan_free(&s);
	assert_null(s);
}

static inline void scan(struct scanned *r, const char *html)
{
	scan_pieces(r, HTML_UTF8, "", html, strlen(html), 0);
}

#define assert_found(html, expected) assert_found_at(html, expected, __FILE__, __LINE__)

static inline void assert_found_at(const char *html, const char *expected, const char *file,
                                   int line)
{
	static struct scanned r;

	scan(&r, html);
	if (strcmp(r.text, expected) == 0)
		return;
	print_error("in: %s\nfound:\n%sexpected:\n%s", html, r.text, expected);
	_fail(file, line);
}

#endif
