/* A body source on top of another one, which encodes or decodes what passes
 * (exchange/body_source.h). It works when the client side is about to read, and only as far ahead
 * as that needs: a client that does not read costs no more than its encoder holds, and what was
 * cancelled was not encoded in vain. Whenever the source runs dry, and the client has all that was
 * made, the encoder is flushed: what has come is never held back. */
#ifndef FR_STAGES_COMPRESSION_FILTER_H
#define FR_STAGES_COMPRESSION_FILTER_H

#include "exchange/exchange.h"
#include "stages/compression/decide.h"

struct fr_coding_filter;

/* Filters of one connection at a time; beyond, responses stay as they are. Each holds up to
 * FR_ENCODER_MAX_BYTES while its body is on its way. */
#define FR_CODING_FILTERS_MOST 8u
/* What is made ahead of the client, at least. */
#define FR_CODING_AHEAD_BYTES 16384u
/* What waits for the client at most: what a decoder makes of one piece, or an encoder gives at
 * once. */
#define FR_CODING_OUT_BYTES (1u << 20)
/* A decoder gets no more at once. */
#define FR_CODING_DECODE_PIECE_BYTES 1024u
/* Decoded bytes for each encoded one, beyond FR_DECODE_FREE_BYTES: what grows more is not
 * decoded to its end. Text has 3 to 20. */
#define FR_CODING_DECODE_RATIO 250u
/* That a decoder holds: of br, all that it may want. */
#define FR_CODING_DECODER_BYTES (17u << 20)

/* Puts a filter on ex's body. NULL: there is no memory, or the connection has too many; nothing
 * was changed. */
struct fr_coding_filter *fr_coding_filter_new(struct fr_exchange *ex,
                                              const struct fr_coding_verdict *v,
                                              const struct fr_config_compression *rules);
/* Takes it off. NULL is allowed. */
void fr_coding_filter_free(struct fr_coding_filter **f);

#endif
