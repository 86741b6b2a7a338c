/* Drives an HTTP/1.1 parser over a text in pieces of a given size, and keeps
 * what came out. Used by test_h1_request and test_h1_response. */
#ifndef FR_UNIT_H1_FEED_H
#define FR_UNIT_H1_FEED_H

#include "http/h1.h"
#include "unit.h"

struct fed {
	enum fr_h1_event last; /* END, FAILED or NEED_MORE */
	enum fr_h1_error error;
	char body[4096];
	size_t body_len;
	size_t consumed; /* of the text */
};

/* Until the first END or failure, or all is consumed. */
static inline struct fed feed(struct fr_h1_parser *p, const char *text, size_t len, size_t piece)
{
	struct fed f = {.last = FR_H1_NEED_MORE};

	for (;;) {
		size_t n = len - f.consumed < piece ? len - f.consumed : piece;
		/* a copy of its own, so that reading beyond it is found */
		uint8_t *copy = malloc(n ? n : 1);
		struct fr_h1_result r;

		assert_non_null(copy);
		memcpy(copy, text + f.consumed, n);
		r = fr_h1_feed(p, copy, n);
		f.consumed += r.consumed;
		f.last = r.event;
		f.error = r.error;
		if (r.event == FR_H1_BODY) {
			assert_true(f.body_len + r.body.len <= sizeof f.body);
			memcpy(f.body + f.body_len, r.body.p, r.body.len);
			f.body_len += r.body.len;
		}
		free(copy);
		if (r.event == FR_H1_END || r.event == FR_H1_FAILED)
			return f;
		if (r.event == FR_H1_NEED_MORE && f.consumed == len)
			return f;
	}
}

#endif
