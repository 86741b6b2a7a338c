/* Undoes the Content-Encoding of a body piece by piece: no encoding, gzip (RFC 1952),
 * deflate (RFC 1950, and RFC 1951 alone, as browsers read it), br (RFC 7932) and zstd
 * (RFC 8878). Bounded in what it takes, gives and holds, so that a body made to grow costs
 * no more than any other. Input that does not decode ends it without an error. The one
 * decoder: of the scan of HTML (hints/scan), of responses whose client takes no encoding
 * (stages/compression), and of lab's page model. No I/O. */
#ifndef FR_HTTP_DECODE_H
#define FR_HTTP_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The ratio of the limits counts from here on: a short body may well grow a thousandfold. */
#define FR_DECODE_FREE_BYTES (64u * 1024)
/* Of a zstd window: 8 MiB is what a Content-Encoding may use (RFC 9659). It is
 * address space: no more of it is touched than is decoded. */
#define FR_DECODE_ZSTD_WINDOW_LOG 23

struct fr_decode_limits {
	size_t bytes;         /* given, and taken */
	size_t decoder_bytes; /* held by a br decoder */
	size_t ratio;         /* given for each one taken, beyond FR_DECODE_FREE_BYTES */
};

struct fr_decoder;

typedef void fr_decoded(void *user, const char *p, size_t len);

/* Is `encoding`, a Content-Encoding value, one that can be undone? */
bool fr_can_decode(struct fr_str encoding);
/* NULL: it cannot, or without memory. limits: copied. on_data is called from within feed. */
struct fr_decoder *fr_decoder_new(struct fr_str encoding, const struct fr_decode_limits *limits,
                                  fr_decoded *on_data, void *user);
void fr_decoder_free(struct fr_decoder **d);
void fr_decoder_feed(struct fr_decoder *d, const void *data, size_t len);
/* Nothing more is given: a limit, damage, or told to stop. */
bool fr_decoder_is_over(const struct fr_decoder *d);
/* From within on_data, too: the rest is not wanted. */
void fr_decoder_stop(struct fr_decoder *d);
/* All that was fed made a whole body, and all of it was given. */
bool fr_decoder_is_whole(const struct fr_decoder *d);

#endif
