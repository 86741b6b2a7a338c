/* Decodes the first bytes of a body step by step until "</head" or "<body" appears. */
#include "hints/page_head.h"

#include <string.h>

#include "hints/scan.h"
#include "http/decode.h"

/* How exactly the end of a compressed head is found. */
#define STEP_BYTES 256u

struct search {       /* for "</head" or "<body", across pieces */
	char tail[6]; /* lower case; the last bytes seen */
	bool is_found;
};

static void look_at(void *user, const char *p, size_t len)
{
	struct search *s = user;

	for (size_t i = 0; i < len && !s->is_found; i++) {
		memmove(s->tail, s->tail + 1, sizeof s->tail - 1);
		s->tail[sizeof s->tail - 1] =
			(char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
		s->is_found =
			memcmp(s->tail, "</head", 6) == 0 || memcmp(s->tail + 1, "<body", 5) == 0;
	}
}

size_t fr_page_head_bytes(struct fr_str encoding, const uint8_t *data, size_t len)
{
	struct search s = {.is_found = false};
	struct fr_decoder *d = fr_decoder_new(encoding, &fr_scan_decode_limits, look_at, &s);
	size_t at = 0;

	if (len > FR_PAGE_HEAD_SEARCH_BYTES)
		len = FR_PAGE_HEAD_SEARCH_BYTES;
	while (d && at < len && !s.is_found && !fr_decoder_is_over(d)) {
		size_t n = len - at < STEP_BYTES ? len - at : STEP_BYTES;

		fr_decoder_feed(d, data + at, n);
		at += n;
	}
	fr_decoder_free(&d);
	return s.is_found ? at : FR_PAGE_HEAD_UNKNOWN_BYTES;
}
