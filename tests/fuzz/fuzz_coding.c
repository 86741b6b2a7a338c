/* Content codings. The first byte chooses: an Accept-Encoding, whose lines are the input's; a
 * body to be decoded, in pieces; a body that is encoded, flushed where the input says, and
 * decoded again. */
#include <stdlib.h>

#include "http/codings.h"
#include "http/decode.h"
#include "http/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GIVEN_MOST (1u << 20)
#define RATIO 100u

static const enum fr_coding all[] = {FR_CODING_GZIP, FR_CODING_BR, FR_CODING_ZSTD,
                                     FR_CODING_DEFLATE};

static void weigh(const uint8_t *data, size_t size)
{
	struct fr_str rest = fr_str_make((const char *)data, size);
	struct fr_coding_weights w;
	struct fr_arena arena;
	struct fr_fields f;
	enum fr_coding c;

	fr_arena_init(&arena, 4u << 20);
	fr_fields_init(&f, &arena);
	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');

		FR_ASSERT(fr_fields_add_id(&f, FR_FIELD_ACCEPT_ENCODING,
		                           fr_str_trim(fr_str_sub(rest, 0, end))) == 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	fr_codings_weigh(&f, &w);
	c = fr_coding_choose(&w, all, 3);
	for (unsigned i = 0; i < FR_CODINGS; i++)
		FR_ASSERT(w.of[i] <= FR_CODING_WEIGHT_MOST);
	FR_ASSERT(c == FR_CODING_IDENTITY || (w.of[c] && w.of[c] >= w.of[FR_CODING_IDENTITY]));
	/* what is chosen is in the set that keys are made of */
	if (c != FR_CODING_IDENTITY)
		FR_ASSERT(fr_codings_accepted(&f) & (1u << (c - FR_CODING_GZIP)));
	(void)fr_coding_of(fr_str_make((const char *)data, size));
	fr_arena_fini(&arena);
}

struct bytes {
	uint8_t p[GIVEN_MOST + (64u << 10)];
	size_t n;
};

static void take(struct bytes *b, const void *p, size_t len)
{
	FR_ASSERT(len <= sizeof b->p - b->n);
	memcpy(b->p + b->n, p, len);
	b->n += len;
}

static void on_decoded(void *user, const char *p, size_t len)
{
	take(user, p, len);
}

static int on_encoded(void *user, const uint8_t *p, size_t len)
{
	take(user, p, len);
	return 0;
}

static bool decode(enum fr_coding c, const uint8_t *data, size_t size, size_t piece,
                   struct bytes *out)
{
	static const struct fr_decode_limits limits = {
		.bytes = GIVEN_MOST, .decoder_bytes = 2u << 20, .ratio = RATIO};
	struct fr_decoder *d = fr_decoder_new(fr_coding_name(c), &limits, on_decoded, out);
	bool is_whole;

	FR_ASSERT(d);
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		fr_decoder_feed(d, data + at, n);
	}
	is_whole = fr_decoder_is_whole(d);
	fr_decoder_free(&d);
	FR_ASSERT(out->n <= GIVEN_MOST);
	FR_ASSERT(out->n <= FR_DECODE_FREE_BYTES || out->n / RATIO <= size);
	return is_whole;
}

static void decode_twice(enum fr_coding c, size_t piece, const uint8_t *data, size_t size)
{
	struct bytes *one = calloc(2, sizeof *one), *two = one + 1;

	FR_ASSERT(one);
	if (decode(c, data, size, size, one)) {
		FR_ASSERT(decode(c, data, size, piece, two));
		FR_ASSERT(one->n == two->n && memcmp(one->p, two->p, one->n) == 0);
	}
	free(one);
}

/* A newline is a flush. */
static void encode_and_decode(enum fr_coding c, bool is_known, const uint8_t *data, size_t size)
{
	struct fr_encode_how how = {
		.coding = c, .level = 4, .length = is_known ? (int64_t)size : -1};
	struct fr_encoder *e = fr_encoder_new(&how);
	struct bytes *coded = calloc(2, sizeof *coded), *plain = coded + 1;

	FR_ASSERT(e && coded);
	for (size_t at = 0, n; at < size; at += n) {
		const uint8_t *end = memchr(data + at, '\n', size - at);

		n = end ? (size_t)(end - data) + 1 - at : size - at;
		n = n < FR_ENCODE_PIECE_BYTES ? n : FR_ENCODE_PIECE_BYTES;
		FR_ASSERT(fr_encode(e, data + at, n, end ? FR_ENCODE_FLUSH : FR_ENCODE_MORE,
		                    on_encoded, coded) == 0);
	}
	FR_ASSERT(fr_encode(e, NULL, 0, FR_ENCODE_END, on_encoded, coded) == 0);
	fr_encoder_free(&e);
	if (decode(c, coded->p, coded->n, 1000, plain))
		FR_ASSERT(plain->n == size && (size == 0 || memcmp(plain->p, data, size) == 0));
	else
		FR_ASSERT(size > FR_DECODE_FREE_BYTES);
	free(coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum fr_coding c;

	if (size < 1 || size > 200000)
		return 0;
	c = all[data[0] >> 2 & 3];
	if ((data[0] & 3) == 0)
		weigh(data + 1, size - 1);
	else if ((data[0] & 3) == 3 && c != FR_CODING_DEFLATE)
		encode_and_decode(c, data[0] & 16, data + 1, size - 1);
	else
		decode_twice(c, 1u + (data[0] >> 4), data + 1, size - 1);
	return 0;
}
