/* Content-Encoding undone (RFC 9110 §8.4.1): gzip, deflate, br, in pieces. No I/O. */
#ifndef FR_LAB_MODEL_DECODE_H
#define FR_LAB_MODEL_DECODE_H

#include "base/str.h"

/* Decoded bytes of one body that are handed out; the rest is dropped. */
#define FR_DECODE_MAX_BYTES (32u << 20)

struct fr_decode;
typedef void fr_decode_out(void *user, const uint8_t *data, size_t len);

/* NULL: an encoding that is not known (several, zstd). "" and identity are. */
struct fr_decode *fr_decode_new(struct fr_str encoding);
void fr_decode_free(struct fr_decode **d);
/* out is called from within; what is broken ends quietly. */
void fr_decode_feed(struct fr_decode *d, const uint8_t *data, size_t len, fr_decode_out *out,
                    void *user);

#endif
