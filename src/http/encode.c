/* Three encoders behind one interface, with small windows and counted memory. */
#include "http/encode.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

/* Given to the caller at once; on the stack. */
#define OUT_BYTES 8192u

/* Windows. What a page's text repeats is near; a larger window costs memory in each encoder
 * of a slow client. */
#define GZIP_HEADER_BITS 16
#define GZIP_WINDOW_MOST 15
#define BR_WINDOW_FAST 17
#define BR_WINDOW_THOROUGH 22
#define ZSTD_WINDOW_LEAST 10
#define ZSTD_WINDOW_FAST 17
#define ZSTD_WINDOW_THOROUGH 22 /* 8 MiB is what browsers take (RFC 9659) */
/* What an event repeats is in those just before it. */
#define TRICKLE_BYTES 8192
#define ZSTD_TABLE_TRICKLE 13
/* Tables of 65536 places: as good as the level's own for a window of this size, and a third of
 * the memory. */
#define ZSTD_TABLE_FAST 16
static const ZSTD_cParameter zstd_tables[] = {ZSTD_c_hashLog, ZSTD_c_chainLog};

struct fr_encoder {
	enum fr_coding coding;
	size_t held; /* bytes */
	z_stream gzip;
	bool has_gzip;
	BrotliEncoderState *br; /* owned */
	ZSTD_CCtx *zstd;        /* owned */
};

/* --- counted memory: each block has its size before it --- */

union block {
	size_t size;
	max_align_t align;
};

static void *take_memory(void *user, size_t size)
{
	struct fr_encoder *e = user;
	union block *b = fr_try_malloc(sizeof *b + size);

	if (!b)
		return NULL;
	b->size = size;
	e->held += size;
	fr_mem_took(size);
	return b + 1;
}

static void give_memory(void *user, void *p)
{
	struct fr_encoder *e = user;
	union block *b = p;

	if (!b)
		return;
	e->held -= b[-1].size;
	fr_mem_gave(b[-1].size);
	free(b - 1);
}

/* libbrotli ends the process when it gets none, in the middle of a body: so it always does, of
 * the reserve when it must, and start_br asks beforehand. */
static void *take_for_br(void *user, size_t size)
{
	struct fr_encoder *e = user;
	union block *b = fr_malloc(sizeof *b + size);

	b->size = size;
	e->held += size;
	fr_mem_took(size);
	return b + 1;
}

static void *take_for_gzip(void *user, unsigned n, unsigned size)
{
	return take_memory(user, (size_t)n * size);
}

/* zstd says what it holds; it takes by itself. */
static void count_zstd(struct fr_encoder *e)
{
	size_t now = ZSTD_sizeof_CCtx(e->zstd);

	if (now > e->held)
		fr_mem_took(now - e->held);
	else
		fr_mem_gave(e->held - now);
	e->held = now;
}

/* --- lifecycle --- */

/* The smallest window that the whole body fits in, at most `most`. */
static int window_for(int64_t length, int least, int most)
{
	int bits = least;

	while (bits < most && (length < 0 || length > (int64_t)1 << bits))
		bits++;
	return bits;
}

/* How much of the body a window is made for; -1: not known. */
static int64_t extent_of(const struct fr_encode_how *how)
{
	return how->is_trickle ? TRICKLE_BYTES : how->length;
}

static bool start_gzip(struct fr_encoder *e, const struct fr_encode_how *how)
{
	int bits = window_for(extent_of(how), 10, GZIP_WINDOW_MOST);
	/* nothing is won by more symbols in a block than a short body has */
	int level_of_memory = bits > 14 ? 8 : bits - 6;

	e->gzip.zalloc = take_for_gzip;
	e->gzip.zfree = give_memory;
	e->gzip.opaque = e;
	e->has_gzip = deflateInit2(&e->gzip, how->level, Z_DEFLATED, bits + GZIP_HEADER_BITS,
	                           level_of_memory, Z_DEFAULT_STRATEGY) == Z_OK;
	return e->has_gzip;
}

static bool start_br(struct fr_encoder *e, const struct fr_encode_how *how)
{
	int most = how->is_thorough ? BR_WINDOW_THOROUGH : BR_WINDOW_FAST;
	void *probe =
		fr_try_malloc(how->is_thorough ? FR_ENCODER_THOROUGH_BYTES : FR_ENCODER_MAX_BYTES);

	if (!probe)
		return false;
	free(probe);
	e->br = BrotliEncoderCreateInstance(take_for_br, give_memory, e);
	if (!e->br)
		return false;
	(void)BrotliEncoderSetParameter(e->br, BROTLI_PARAM_QUALITY, (uint32_t)how->level);
	(void)BrotliEncoderSetParameter(
		e->br, BROTLI_PARAM_LGWIN,
		(uint32_t)window_for(extent_of(how), BROTLI_MIN_WINDOW_BITS, most));
	if (extent_of(how) > 0 && extent_of(how) < (int64_t)1 << 30)
		(void)BrotliEncoderSetParameter(e->br, BROTLI_PARAM_SIZE_HINT,
		                                (uint32_t)extent_of(how));
	return true;
}

static bool start_zstd(struct fr_encoder *e, const struct fr_encode_how *how)
{
	int most = how->is_thorough ? ZSTD_WINDOW_THOROUGH : ZSTD_WINDOW_FAST;
	size_t rc;

	e->zstd = ZSTD_createCCtx();
	if (!e->zstd)
		return false;
	rc = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, how->level);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_windowLog,
		                            window_for(extent_of(how), ZSTD_WINDOW_LEAST, most));
	for (size_t i = 0; !how->is_thorough && !ZSTD_isError(rc) && i < FR_ARRAY_LEN(zstd_tables);
	     i++)
		rc = ZSTD_CCtx_setParameter(e->zstd, zstd_tables[i],
		                            how->is_trickle ? ZSTD_TABLE_TRICKLE : ZSTD_TABLE_FAST);
	if (!ZSTD_isError(rc) && how->length >= 0)
		rc = ZSTD_CCtx_setPledgedSrcSize(e->zstd, (unsigned long long)how->length);
	return !ZSTD_isError(rc);
}

static bool start(struct fr_encoder *e, const struct fr_encode_how *how)
{
	switch (how->coding) {
	case FR_CODING_GZIP:
		return start_gzip(e, how);
	case FR_CODING_BR:
		return start_br(e, how);
	case FR_CODING_ZSTD:
		return start_zstd(e, how);
	case FR_CODING_IDENTITY:
	case FR_CODING_DEFLATE:
	case FR_CODING_OTHER:
		break;
	}
	return false;
}

int fr_encode_level_most(enum fr_coding c)
{
	if (c == FR_CODING_BR)
		return FR_BR_LEVEL_MOST;
	return c == FR_CODING_ZSTD ? FR_ZSTD_LEVEL_MOST : FR_GZIP_LEVEL_MOST;
}

struct fr_encoder *fr_encoder_new(const struct fr_encode_how *how)
{
	struct fr_encoder *e = fr_try_calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->coding = how->coding;
	if (!start(e, how))
		fr_encoder_free(&e);
	return e;
}

void fr_encoder_free(struct fr_encoder **ep)
{
	struct fr_encoder *e = *ep;

	if (!e)
		return;
	if (e->has_gzip)
		(void)deflateEnd(&e->gzip);
	if (e->br)
		BrotliEncoderDestroyInstance(e->br);
	if (e->zstd) {
		fr_mem_gave(e->held);
		(void)ZSTD_freeCCtx(e->zstd);
	}
	free(e);
	*ep = NULL;
}

size_t fr_encoder_held(const struct fr_encoder *e)
{
	return e->held;
}

/* --- encoding --- */

static int encode_gzip(struct fr_encoder *e, const void *data, size_t len, enum fr_encode_op op,
                       fr_encoded *out, void *user)
{
	static const int flush[] = {[FR_ENCODE_MORE] = Z_NO_FLUSH,
	                            [FR_ENCODE_FLUSH] = Z_SYNC_FLUSH,
	                            [FR_ENCODE_END] = Z_FINISH};
	uint8_t piece[OUT_BYTES];
	int rc, z;

	e->gzip.next_in = (uint8_t *)(uintptr_t)data;
	e->gzip.avail_in = (uInt)len;
	do {
		e->gzip.next_out = piece;
		e->gzip.avail_out = sizeof piece;
		z = deflate(&e->gzip, flush[op]);
		if (z == Z_STREAM_ERROR)
			return FR_ERR_NOMEM;
		rc = e->gzip.avail_out < sizeof piece
		             ? out(user, piece, sizeof piece - e->gzip.avail_out)
		             : 0;
	} while (rc == 0 && e->gzip.avail_out == 0);
	return rc;
}

static int encode_br(struct fr_encoder *e, const void *data, size_t len, enum fr_encode_op op,
                     fr_encoded *out, void *user)
{
	static const BrotliEncoderOperation operation[] = {
		[FR_ENCODE_MORE] = BROTLI_OPERATION_PROCESS,
		[FR_ENCODE_FLUSH] = BROTLI_OPERATION_FLUSH,
		[FR_ENCODE_END] = BROTLI_OPERATION_FINISH};
	const uint8_t *in = data;
	int rc = 0;

	do {
		size_t room = 0, n = 0;
		const uint8_t *written;

		if (!BrotliEncoderCompressStream(e->br, operation[op], &len, &in, &room, NULL,
		                                 NULL))
			return FR_ERR_NOMEM;
		written = BrotliEncoderTakeOutput(e->br, &n);
		if (n)
			rc = out(user, written, n);
	} while (rc == 0 && (len || BrotliEncoderHasMoreOutput(e->br)));
	return rc;
}

static int encode_zstd(struct fr_encoder *e, const void *data, size_t len, enum fr_encode_op op,
                       fr_encoded *out, void *user)
{
	static const ZSTD_EndDirective directive[] = {[FR_ENCODE_MORE] = ZSTD_e_continue,
	                                              [FR_ENCODE_FLUSH] = ZSTD_e_flush,
	                                              [FR_ENCODE_END] = ZSTD_e_end};
	ZSTD_inBuffer in = {.src = data, .size = len};
	size_t left;
	int rc = 0;

	do {
		uint8_t piece[OUT_BYTES];
		ZSTD_outBuffer to = {.dst = piece, .size = sizeof piece};

		left = ZSTD_compressStream2(e->zstd, &to, &in, directive[op]);
		if (ZSTD_isError(left))
			return FR_ERR_NOMEM;
		if (to.pos)
			rc = out(user, piece, to.pos);
	} while (rc == 0 && (in.pos < in.size || (op != FR_ENCODE_MORE && left)));
	count_zstd(e);
	return rc;
}

int fr_encode(struct fr_encoder *e, const void *data, size_t len, enum fr_encode_op op,
              fr_encoded *out, void *user)
{
	switch (e->coding) {
	case FR_CODING_GZIP:
		return encode_gzip(e, data, len, op, out, user);
	case FR_CODING_BR:
		return encode_br(e, data, len, op, out, user);
	case FR_CODING_ZSTD:
		return encode_zstd(e, data, len, op, out, user);
	case FR_CODING_IDENTITY:
	case FR_CODING_DEFLATE:
	case FR_CODING_OTHER:
		break;
	}
	return FR_ERR_NOMEM;
}
