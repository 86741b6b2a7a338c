/* Text that came without compression, and what compression would save: measured by
 * compressing it, as gzip does with its default level. No I/O. */
#ifndef FR_LAB_MEASUREMENT_PLAIN_TEXT_H
#define FR_LAB_MEASUREMENT_PLAIN_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Smaller bodies gain nothing. */
#define FR_PLAIN_TEXT_LEAST_BYTES 1024u

struct fr_gauge; /* compresses and keeps nothing but the length */
struct fr_gauge *fr_gauge_new(void);
void fr_gauge_free(struct fr_gauge **g);
void fr_gauge_feed(struct fr_gauge *g, const void *data, size_t len);
/* Bytes after the last piece. */
uint64_t fr_gauge_end(struct fr_gauge *g);

#endif
