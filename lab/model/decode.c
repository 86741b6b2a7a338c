/* Undoes gzip, deflate and br for the model. */
#include "lab/model/decode.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

#define PIECE_BYTES 16384u

enum kind { PLAIN, ZLIB, BROTLI };

struct fr_decode {
	enum kind kind;
	z_stream z;
	BrotliDecoderState *br; /* owned */
	size_t total;           /* handed out */
	bool is_over;           /* the end of the stream, or broken */
};

struct fr_decode *fr_decode_new(struct fr_str encoding)
{
	struct fr_decode *d = fr_calloc(1, sizeof *d);

	if (!encoding.len || fr_str_iis(encoding, "identity")) {
		d->kind = PLAIN;
	} else if (fr_str_iis(encoding, "gzip") || fr_str_iis(encoding, "x-gzip") ||
	           fr_str_iis(encoding, "deflate")) {
		d->kind = ZLIB;
		/* 32: the header says whether it is gzip or zlib */
		FR_ASSERT(inflateInit2(&d->z, 15 + 32) == Z_OK);
	} else if (fr_str_iis(encoding, "br")) {
		d->kind = BROTLI;
		d->br = BrotliDecoderCreateInstance(NULL, NULL, NULL);
		FR_ASSERT(d->br);
	} else {
		free(d);
		return NULL;
	}
	return d;
}

void fr_decode_free(struct fr_decode **dp)
{
	struct fr_decode *d = *dp;

	if (!d)
		return;
	if (d->kind == ZLIB)
		(void)inflateEnd(&d->z);
	BrotliDecoderDestroyInstance(d->br);
	free(d);
	*dp = NULL;
}

static void hand_out(struct fr_decode *d, const uint8_t *data, size_t len, fr_decode_out *out,
                     void *user)
{
	size_t room = FR_DECODE_MAX_BYTES - d->total;

	len = len < room ? len : room;
	d->total += len;
	d->is_over |= d->total == FR_DECODE_MAX_BYTES;
	if (len)
		out(user, data, len);
}

static void inflate_all(struct fr_decode *d, const uint8_t *data, size_t len, fr_decode_out *out,
                        void *user)
{
	uint8_t piece[PIECE_BYTES];

	d->z.next_in = (Bytef *)(uintptr_t)data;
	d->z.avail_in = (uInt)len;
	do {
		int rc;

		d->z.next_out = piece;
		d->z.avail_out = sizeof piece;
		rc = inflate(&d->z, Z_NO_FLUSH);
		hand_out(d, piece, sizeof piece - d->z.avail_out, out, user);
		d->is_over |= rc != Z_OK && rc != Z_BUF_ERROR;
	} while (!d->is_over && d->z.avail_out == 0);
}

static void unbrotli(struct fr_decode *d, const uint8_t *data, size_t len, fr_decode_out *out,
                     void *user)
{
	BrotliDecoderResult rc;

	do {
		uint8_t piece[PIECE_BYTES], *to = piece;
		size_t room = sizeof piece;

		rc = BrotliDecoderDecompressStream(d->br, &len, &data, &room, &to, NULL);
		hand_out(d, piece, sizeof piece - room, out, user);
		d->is_over |=
			rc == BROTLI_DECODER_RESULT_ERROR || rc == BROTLI_DECODER_RESULT_SUCCESS;
	} while (!d->is_over && rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
}

void fr_decode_feed(struct fr_decode *d, const uint8_t *data, size_t len, fr_decode_out *out,
                    void *user)
{
	if (d->is_over || !len)
		return;
	if (d->kind == PLAIN)
		hand_out(d, data, len, out, user);
	else if (d->kind == ZLIB)
		inflate_all(d, data, len, out, user);
	else
		unbrotli(d, data, len, out, user);
}
