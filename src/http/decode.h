/* Undoes the Content-Encoding of a body that is scanned while it passes: no encoding, gzip
 * (RFC 1952), deflate (RFC 1950, and RFC 1951 alone, as browsers read it), br (RFC 7932)
 * and zstd (RFC 8878). Bounded in what it takes, gives and holds, so that a body made to
 * grow costs no more than any other. Input that does not decode ends it without an error.
 * Used by hints/scan, and by lab's page model with limits of its own. No I/O. */
#ifndef FR_HINTS_SCAN_DECODE_H
#define FR_HINTS_SCAN_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Decoded bytes that are given, encoded bytes that are taken. */
#define FR_SCAN_MAX_BYTES (512u * 1024)
/* Decoded bytes for each encoded one, once there are FR_SCAN_FREE_BYTES. HTML
 * has 3 to 20; gzip can reach 1032, br many thousands. */
#define FR_SCAN_MAX_RATIO 100u
#define FR_SCAN_FREE_BYTES (64u * 1024)
/* That the decoder may hold. A br body whose window and size are both above
 * 1 MiB wants more, and is not looked at. */
#define FR_SCAN_MAX_DECODER_BYTES (2u * 1024 * 1024)
/* Of a zstd window: 8 MiB is what a Content-Encoding may use (RFC 9659). It is
 * address space: no more of it is touched than is decoded. */
#define FR_SCAN_ZSTD_WINDOW_LOG 23

struct fr_scan_decode_limits {
	size_t bytes;         /* given, and taken */
	size_t decoder_bytes; /* held by a br decoder */
	size_t ratio;         /* given for each one taken, beyond FR_SCAN_FREE_BYTES */
};

struct fr_scan_decode;

typedef void fr_scan_decoded(void *user, const char *p, size_t len);

/* Is `encoding`, a Content-Encoding value, one that can be undone? */
bool fr_scan_can_decode(struct fr_str encoding);
/* NULL: it cannot. limits: NULL for those above; copied. on_data is called from
 * within feed. */
struct fr_scan_decode *fr_scan_decode_new(struct fr_str encoding,
                                          const struct fr_scan_decode_limits *limits,
                                          fr_scan_decoded *on_data, void *user);
void fr_scan_decode_free(struct fr_scan_decode **d);
void fr_scan_decode_feed(struct fr_scan_decode *d, const void *data, size_t len);
/* Nothing more is given: a limit, damage, or told to stop. */
bool fr_scan_decode_is_over(const struct fr_scan_decode *d);
/* From within on_data, too: the rest is not wanted. */
void fr_scan_decode_stop(struct fr_scan_decode *d);
/* All that was fed made a whole body, and all of it was given. */
bool fr_scan_decode_is_whole(const struct fr_scan_decode *d);

#endif
