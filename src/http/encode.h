/* Writes a body in a content coding, piece by piece: gzip (RFC 1952), br (RFC 7932) or zstd
 * (RFC 8878). The bytes go to a function of the caller. What an encoder holds is bounded by
 * its window, which depends on how it is made and not on the body. No I/O. */
#ifndef FR_HTTP_ENCODE_H
#define FR_HTTP_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/codings.h"

struct fr_encoder;

/* What an encoder of the default levels holds at most; measured, with room to spare. */
#define FR_ENCODER_MAX_BYTES (3u << 20)
/* The same of one for a trickle. */
#define FR_ENCODER_TRICKLE_BYTES (768u << 10)
/* The same of a thorough one, for a body of up to 1 MiB. */
#define FR_ENCODER_THOROUGH_BYTES (20u << 20)
/* Input of one call to fr_encode. A call writes no more than what the encoder held back, its
 * input, and some per cent. */
#define FR_ENCODE_PIECE_BYTES 16384u

/* Levels that each coding has. */
#define FR_GZIP_LEVEL_MOST 9
#define FR_BR_LEVEL_MOST 11
#define FR_ZSTD_LEVEL_MOST 19

/* The most of a coding that is written. */
int fr_encode_level_most(enum fr_coding c);

struct fr_encode_how {
	enum fr_coding coding; /* GZIP, BR or ZSTD */
	int level;             /* 1 to the coding's most */
	int64_t length;        /* of the body; -1: not known */
	/* the whole body is there, and time does not matter: a larger window */
	bool is_thorough;
	/* small pieces over a long time, as events are: little memory */
	bool is_trickle;
};

enum fr_encode_op {
	FR_ENCODE_MORE,  /* more follows: as much is held back as makes the result smaller */
	FR_ENCODE_FLUSH, /* all that was given can be decoded from what is written */
	FR_ENCODE_END    /* the body is complete; nothing may be given after it */
};

/* Takes bytes that were written. 0, or negative: the encoder stops. */
typedef int fr_encoded(void *user, const uint8_t *p, size_t len);

/* NULL without memory. */
struct fr_encoder *fr_encoder_new(const struct fr_encode_how *how);
void fr_encoder_free(struct fr_encoder **e);
/* len: at most FR_ENCODE_PIECE_BYTES. 0; what `out` returned; FR_ERR_NOMEM. After a failure it
 * may only be freed. */
int fr_encode(struct fr_encoder *e, const void *data, size_t len, enum fr_encode_op op,
              fr_encoded *out, void *user) FR_MUST_USE;
/* Memory that it holds now. */
size_t fr_encoder_held(const struct fr_encoder *e);

#endif
