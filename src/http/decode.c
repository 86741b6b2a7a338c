/* Undoes a body's content coding piece by piece, with bounds on memory and on growth. */
#include "http/decode.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

/* Given at once; on the stack. */
#define PIECE_BYTES 4096u
/* zlib: a window of 32 KiB, and a gzip header, its own header or none before it. */
#define GZIP_WINDOW_BITS (15 + 16)
#define ZLIB_WINDOW_BITS 15
#define RAW_WINDOW_BITS (-15)
#define GZIP_FIRST_BYTE 0x1f

enum kind { IDENTITY, GZIP, DEFLATE, BROTLI, ZSTD, UNKNOWN };

struct fr_decoder {
	fr_decoded *on_data;
	void *user; /* borrowed */
	enum kind kind;
	struct fr_decode_limits limits;
	bool is_over;        /* no more is given */
	bool is_between;     /* the encoding's end was seen, and nothing after it */
	bool is_padded;      /* what follows the end means nothing */
	size_t taken, given; /* bytes */
	size_t held;         /* bytes by the brotli decoder */
	z_stream zlib;
	bool has_zlib;
	BrotliDecoderState *brotli; /* owned */
	ZSTD_DStream *zstd;         /* owned */
};

static enum kind kind_of(struct fr_str encoding)
{
	encoding = fr_str_trim(encoding);
	if (encoding.len == 0 || fr_str_iis(encoding, "identity"))
		return IDENTITY;
	if (fr_str_iis(encoding, "gzip") || fr_str_iis(encoding, "x-gzip"))
		return GZIP;
	if (fr_str_iis(encoding, "deflate"))
		return DEFLATE;
	if (fr_str_iis(encoding, "zstd"))
		return ZSTD;
	return fr_str_iis(encoding, "br") ? BROTLI : UNKNOWN;
}

bool fr_can_decode(struct fr_str encoding)
{
	return kind_of(encoding) != UNKNOWN;
}

/* --- the memory of the brotli decoder: each block has its size before it --- */

union block {
	size_t size;
	max_align_t align;
};

static void *take_memory(void *user, size_t size)
{
	struct fr_decoder *d = user;
	union block *b;

	if (size > d->limits.decoder_bytes || d->held + size > d->limits.decoder_bytes)
		return NULL;
	b = fr_try_malloc(sizeof *b + size);
	if (!b)
		return NULL;
	b->size = size;
	d->held += size;
	return b + 1;
}

static void give_memory(void *user, void *p)
{
	struct fr_decoder *d = user;
	union block *b = p;

	if (!b)
		return;
	d->held -= b[-1].size;
	free(b - 1);
}

/* --- lifecycle --- */

static bool start_zlib(struct fr_decoder *d, int window_bits)
{
	d->has_zlib = inflateInit2(&d->zlib, window_bits) == Z_OK;
	return d->has_zlib;
}

static bool start_zstd(struct fr_decoder *d)
{
	d->zstd = ZSTD_createDStream();
	return d->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax,
	                                                       FR_DECODE_ZSTD_WINDOW_LOG));
}

static bool start(struct fr_decoder *d)
{
	switch (d->kind) {
	case GZIP:
		return start_zlib(d, GZIP_WINDOW_BITS);
	case BROTLI:
		d->brotli = BrotliDecoderCreateInstance(take_memory, give_memory, d);
		return d->brotli != NULL;
	case ZSTD:
		return start_zstd(d);
	case DEFLATE: /* begins with the first byte, which tells its form */
		return true;
	case IDENTITY:
		d->is_between = true;
		return true;
	case UNKNOWN:
		break;
	}
	return false;
}

struct fr_decoder *fr_decoder_new(struct fr_str encoding, const struct fr_decode_limits *limits,
                                  fr_decoded *on_data, void *user)
{
	struct fr_decoder *d;

	if (!fr_can_decode(encoding))
		return NULL;
	d = fr_try_calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->limits = *limits;
	d->on_data = on_data;
	d->user = user;
	d->kind = kind_of(encoding);
	if (!start(d))
		fr_decoder_free(&d);
	return d;
}

void fr_decoder_free(struct fr_decoder **dp)
{
	struct fr_decoder *d = *dp;

	if (!d)
		return;
	if (d->has_zlib)
		(void)inflateEnd(&d->zlib);
	(void)ZSTD_freeDStream(d->zstd);
	if (d->brotli)
		BrotliDecoderDestroyInstance(d->brotli);
	free(d);
	*dp = NULL;
}

bool fr_decoder_is_over(const struct fr_decoder *d)
{
	return d->is_over;
}

void fr_decoder_stop(struct fr_decoder *d)
{
	d->is_over = true;
}

bool fr_decoder_is_whole(const struct fr_decoder *d)
{
	return !d->is_over && d->is_between;
}

/* --- decoding --- */

/* used: encoded bytes that were taken for this. */
static void give(struct fr_decoder *d, const char *p, size_t len, size_t used)
{
	size_t room = d->limits.bytes - d->given;
	bool is_too_long = len > room;

	d->taken += used;
	if (is_too_long)
		len = room;
	d->given += len;
	if (d->kind != IDENTITY && d->given > FR_DECODE_FREE_BYTES &&
	    d->given / d->limits.ratio > d->taken) {
		d->is_over = true;
		return;
	}
	if (len)
		d->on_data(d->user, p, len);
	d->is_over |= is_too_long;
}

/* Servers pad gzip with zeros or add a line's end, and browsers take no notice: what does not begin
 * like another member is left out. */
static bool is_padding(const struct fr_decoder *d, uint8_t first)
{
	return d->kind == GZIP && d->is_between && first != GZIP_FIRST_BYTE;
}

static void feed_zlib(struct fr_decoder *d, const uint8_t *data, size_t len)
{
	char piece[PIECE_BYTES];
	int rc = Z_OK;

	d->is_padded |= is_padding(d, *data);
	if (d->is_padded)
		return;
	d->zlib.next_in = (uint8_t *)data;
	d->zlib.avail_in = (uInt)len;
	do {
		uInt before = d->zlib.avail_in;

		if (rc == Z_STREAM_END) { /* another gzip member may follow (RFC 1952 §2.2) */
			if (d->kind != GZIP) {
				d->is_over = true;
				return;
			}
			d->is_padded = is_padding(d, *d->zlib.next_in);
			if (d->is_padded)
				break;
			(void)inflateReset(&d->zlib);
		}
		d->zlib.next_out = (uint8_t *)piece;
		d->zlib.avail_out = sizeof piece;
		rc = inflate(&d->zlib, Z_NO_FLUSH);
		d->is_between = rc == Z_STREAM_END;
		give(d, piece, sizeof piece - d->zlib.avail_out, before - d->zlib.avail_in);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			d->is_over = true;
	} while (!d->is_over && (d->zlib.avail_in || (rc == Z_OK && !d->zlib.avail_out)));
	if (rc == Z_STREAM_END && d->kind == GZIP)
		(void)inflateReset(&d->zlib);
}

/* RFC 9110 §8.4.1.2 means zlib's format. Some servers send it without the
 * header, and browsers read both. The header's first byte says "deflate" in its
 * low half; without one such a byte begins a stored block with odd padding. */
static void feed_deflate(struct fr_decoder *d, const uint8_t *data, size_t len)
{
	bool has_header = (data[0] & 0x8f) == 0x08;

	if (!d->has_zlib && !start_zlib(d, has_header ? ZLIB_WINDOW_BITS : RAW_WINDOW_BITS)) {
		d->is_over = true;
		return;
	}
	/* it has one end, and nothing may follow it */
	if (d->is_between)
		d->is_over = true;
	else
		feed_zlib(d, data, len);
}

static void feed_zstd(struct fr_decoder *d, const uint8_t *data, size_t len)
{
	ZSTD_inBuffer in = {.src = data, .size = len};
	bool has_more; /* output that did not fit */

	do {
		char piece[PIECE_BYTES];
		ZSTD_outBuffer out = {.dst = piece, .size = sizeof piece};
		size_t before = in.pos;
		size_t rc = ZSTD_decompressStream(d->zstd, &out, &in);

		d->is_between = rc == 0; /* another frame may follow (RFC 8878 §3) */
		has_more = rc != 0 && out.pos == out.size;
		give(d, piece, out.pos, in.pos - before);
		if (ZSTD_isError(rc))
			d->is_over = true;
	} while (!d->is_over && (in.pos < in.size || has_more));
}

static void feed_brotli(struct fr_decoder *d, const uint8_t *data, size_t len)
{
	BrotliDecoderResult rc;

	/* a brotli stream has one end, and nothing may follow it */
	if (d->is_between) {
		d->is_over = true;
		return;
	}
	do {
		uint8_t piece[PIECE_BYTES], *out = piece;
		size_t room = sizeof piece, before = len;

		rc = BrotliDecoderDecompressStream(d->brotli, &len, &data, &room, &out, NULL);
		d->is_between = rc == BROTLI_DECODER_RESULT_SUCCESS;
		give(d, (const char *)piece, sizeof piece - room, before - len);
		if (rc == BROTLI_DECODER_RESULT_ERROR || (d->is_between && len))
			d->is_over = true;
		/* it may want input, and still have what did not fit */
	} while (!d->is_over && (rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
	                         BrotliDecoderHasMoreOutput(d->brotli)));
}

void fr_decoder_feed(struct fr_decoder *d, const void *data, size_t len)
{
	bool is_too_long = len > d->limits.bytes - d->taken;

	if (d->is_over || len == 0)
		return;
	if (is_too_long)
		len = d->limits.bytes - d->taken;
	switch (d->kind) {
	case GZIP:
		feed_zlib(d, data, len);
		break;
	case DEFLATE:
		feed_deflate(d, data, len);
		break;
	case BROTLI:
		feed_brotli(d, data, len);
		break;
	case ZSTD:
		feed_zstd(d, data, len);
		break;
	case IDENTITY:
	case UNKNOWN:
		give(d, data, len, len);
		break;
	}
	d->is_over |= is_too_long;
}
