#include "http/encode.h"

#include "http/decode.h"
#include "unit.h"

/* Longer than every window, with what repeats near and far. */
#define BODY_BYTES (600u * 1024)

static const enum fr_coding codings[] = {FR_CODING_GZIP, FR_CODING_BR, FR_CODING_ZSTD};
static const struct fr_decode_limits limits = {
	.bytes = SIZE_MAX / 2, .decoder_bytes = 32u << 20, .ratio = SIZE_MAX};

struct bytes {
	uint8_t *p;
	size_t n, cap;
};

static void append(struct bytes *b, const void *p, size_t len)
{
	if (b->cap - b->n < len) {
		b->cap = 2 * (b->cap + len);
		b->p = realloc(b->p, b->cap);
	}
	if (len)
		memcpy(b->p + b->n, p, len);
	b->n += len;
}

static int put(void *user, const uint8_t *p, size_t len)
{
	append(user, p, len);
	return 0;
}

static void put_decoded(void *user, const char *p, size_t len)
{
	append(user, p, len);
}

static uint8_t *make_body(void)
{
	uint8_t *p = malloc(BODY_BYTES);
	uint32_t x = 1;

	for (size_t i = 0; i < BODY_BYTES; i++) {
		x = x * 1103515245u + 12345u;
		p[i] = i > 100000 && (x >> 30) ? p[i - 100000] : (uint8_t)('a' + (x >> 24) % 20);
	}
	return p;
}

static void decode(enum fr_coding c, const struct bytes *coded, struct bytes *out, bool is_whole)
{
	struct fr_decoder *d = fr_decoder_new(fr_coding_name(c), &limits, put_decoded, out);

	assert_non_null(d);
	fr_decoder_feed(d, coded->p, coded->n);
	assert_false(fr_decoder_is_over(d));
	assert_int_equal(fr_decoder_is_whole(d), is_whole);
	fr_decoder_free(&d);
}

static void encode_in_pieces(const struct fr_encode_how *how, const uint8_t *body, size_t len,
                             size_t piece, struct bytes *out)
{
	struct fr_encoder *e = fr_encoder_new(how);

	assert_non_null(e);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		assert_int_equal(fr_encode(e, body + at, n, FR_ENCODE_MORE, put, out), 0);
		assert_true(fr_encoder_held(e) <= FR_ENCODER_MAX_BYTES || how->is_thorough);
	}
	assert_int_equal(fr_encode(e, NULL, 0, FR_ENCODE_END, put, out), 0);
	fr_encoder_free(&e);
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
	static const size_t lengths[] = {0, 1, 1000, 20000, BODY_BYTES};
	static const size_t pieces[] = {777, FR_ENCODE_PIECE_BYTES};
	uint8_t *body = make_body();

	(void)state;
	for (size_t i = 0; i < 8 * FR_ARRAY_LEN(codings) * FR_ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i / 8 % FR_ARRAY_LEN(lengths)];
		struct bytes coded = {0}, plain = {0};
		struct fr_encode_how how = {.coding = codings[i / 8 / FR_ARRAY_LEN(lengths)],
		                            .level = 5,
		                            .length = i & 1 ? (int64_t)len : -1,
		                            .is_thorough = i & 2};

		encode_in_pieces(&how, body, len, pieces[i / 4 % 2], &coded);
		decode(how.coding, &coded, &plain, true);
		assert_int_equal(plain.n, len);
		if (len)
			assert_memory_equal(plain.p, body, len);
		free(coded.p);
		free(plain.p);
	}
	free(body);
}

static void what_was_given_before_a_flush_can_be_decoded(void **state)
{
	static const char *const lines[] = {"data: one\n\n", "data: two\n\n", "data: three\n\n"};

	(void)state;
	for (size_t c = 0; c < FR_ARRAY_LEN(codings); c++) {
		struct fr_encode_how how = {.coding = codings[c], .level = 5, .length = -1};
		struct fr_encoder *e = fr_encoder_new(&how);
		struct bytes coded = {0};
		size_t sent = 0;

		for (size_t i = 0; i < FR_ARRAY_LEN(lines); i++) {
			struct bytes plain = {0};

			sent += strlen(lines[i]);
			assert_int_equal(fr_encode(e, lines[i], strlen(lines[i]), FR_ENCODE_FLUSH,
			                           put, &coded),
			                 0);
			decode(codings[c], &coded, &plain, false);
			assert_int_equal(plain.n, sent);
			free(plain.p);
		}
		free(coded.p);
		fr_encoder_free(&e);
	}
}

static int refuse(void *user, const uint8_t *p, size_t len)
{
	(void)user;
	(void)p;
	(void)len;
	return FR_ERR_LIMIT;
}

/* A decoder keeps nothing back for the next bytes, which may be a long time coming. */
static void what_was_flushed_is_given_at_once(void **state)
{
	static const size_t lengths[] = {1, 4095, 4096, 4097, 20000, 200000};
	uint8_t *body = make_body();

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(codings) * FR_ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i % FR_ARRAY_LEN(lengths)];
		struct fr_encode_how how = {
			.coding = codings[i / FR_ARRAY_LEN(lengths)], .level = 5, .length = -1};
		struct fr_encoder *e = fr_encoder_new(&how);
		struct bytes coded = {0}, plain = {0};

		for (size_t at = 0; at < len; at += FR_ENCODE_PIECE_BYTES) {
			size_t left = len - at;
			size_t n = left < FR_ENCODE_PIECE_BYTES ? left : FR_ENCODE_PIECE_BYTES;

			assert_int_equal(fr_encode(e, body + at, n,
			                           n == left ? FR_ENCODE_FLUSH : FR_ENCODE_MORE,
			                           put, &coded),
			                 0);
		}
		decode(how.coding, &coded, &plain, false);
		assert_int_equal(plain.n, len);
		assert_memory_equal(plain.p, body, len);
		fr_encoder_free(&e);
		free(coded.p);
		free(plain.p);
	}
	free(body);
}

static void an_encoder_stops_when_its_bytes_are_not_taken(void **state)
{
	(void)state;
	for (size_t c = 0; c < FR_ARRAY_LEN(codings); c++) {
		struct fr_encode_how how = {.coding = codings[c], .level = 4, .length = -1};
		struct fr_encoder *e = fr_encoder_new(&how);

		assert_int_equal(fr_encode(e, "abc", 3, FR_ENCODE_FLUSH, refuse, NULL),
		                 FR_ERR_LIMIT);
		fr_encoder_free(&e);
		assert_null(e);
	}
}

static void memory_that_cannot_be_had_is_no_crash(void **state)
{
	uint8_t *body = make_body();

	(void)state;
	for (unsigned i = 1; i < 40; i++) {
		struct fr_encode_how how = {.coding = codings[i % 3], .level = 5, .length = -1};
		struct bytes coded = {0};
		struct fr_encoder *e;
		int rc = 0;

		fr_mem_fail_after(i / 3 + 1);
		e = fr_encoder_new(&how);
		if (e)
			rc = fr_encode(e, body, 10000, FR_ENCODE_END, put, &coded);
		fr_mem_fail_after(0);
		if (e && rc == 0) {
			struct bytes plain = {0};

			decode(how.coding, &coded, &plain, true);
			assert_int_equal(plain.n, 10000);
			free(plain.p);
		}
		fr_encoder_free(&e);
		free(coded.p);
	}
	free(body);
}

static void a_short_body_costs_less_memory(void **state)
{
	(void)state;
	for (size_t c = 0; c < FR_ARRAY_LEN(codings); c++) {
		size_t held[2];

		for (unsigned i = 0; i < 2; i++) {
			struct fr_encode_how how = {
				.coding = codings[c], .level = 5, .length = i ? 2000 : -1};
			struct fr_encoder *e = fr_encoder_new(&how);
			struct bytes coded = {0};

			assert_int_equal(fr_encode(e, "abc", 3, FR_ENCODE_FLUSH, put, &coded), 0);
			held[i] = fr_encoder_held(e);
			fr_encoder_free(&e);
			free(coded.p);
		}
		assert_true(held[1] < held[0]);
	}
}

/* What docs/limits.md says of encoders, at the default levels and made with all that there is. */
static void an_encoder_holds_what_is_said(void **state)
{
	static const struct {
		enum fr_coding coding;
		int level;
		size_t most;
	} rows[] = {
		{FR_CODING_GZIP, 6, FR_ENCODER_MAX_BYTES},
		{FR_CODING_BR, 5, FR_ENCODER_MAX_BYTES},
		{FR_CODING_ZSTD, 7, FR_ENCODER_MAX_BYTES},
		{FR_CODING_GZIP, FR_GZIP_LEVEL_MOST, FR_ENCODER_THOROUGH_BYTES},
		{FR_CODING_BR, FR_BR_LEVEL_MOST, FR_ENCODER_THOROUGH_BYTES},
		{FR_CODING_ZSTD, FR_ZSTD_LEVEL_MOST, FR_ENCODER_THOROUGH_BYTES},
	};
	uint8_t *body = make_body();

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_encode_how how = {.coding = rows[i].coding,
		                            .level = rows[i].level,
		                            .length = BODY_BYTES,
		                            .is_thorough =
		                                    rows[i].most == FR_ENCODER_THOROUGH_BYTES};
		struct fr_encoder *e = fr_encoder_new(&how);
		struct bytes coded = {0};

		assert_int_equal(fr_encode_level_most(how.coding) >= how.level, true);
		for (size_t at = 0; at < BODY_BYTES; at += FR_ENCODE_PIECE_BYTES) {
			size_t n = BODY_BYTES - at < FR_ENCODE_PIECE_BYTES ? BODY_BYTES - at
			                                                   : FR_ENCODE_PIECE_BYTES;

			assert_int_equal(fr_encode(e, body + at, n, FR_ENCODE_MORE, put, &coded),
			                 0);
			assert_true(fr_encoder_held(e) <= rows[i].most);
		}
		fr_encoder_free(&e);
		free(coded.p);
	}
	free(body);
}

/* As events come: each can be decoded at once, and the encoder of thousands of them stays small. */
static void an_encoder_of_events_is_small(void **state)
{
	uint8_t *body = make_body();

	(void)state;
	for (size_t c = 0; c < FR_ARRAY_LEN(codings); c++) {
		struct fr_encode_how how = {.coding = codings[c],
		                            .level = codings[c] == FR_CODING_BR ? 5 : 7,
		                            .length = -1,
		                            .is_trickle = true};
		struct fr_encoder *e = fr_encoder_new(&how);
		struct bytes coded = {0}, plain = {0};

		for (size_t at = 0; at < 200000; at += 200) {
			assert_int_equal(fr_encode(e, body + at, 200, FR_ENCODE_FLUSH, put, &coded),
			                 0);
			assert_true(fr_encoder_held(e) <= FR_ENCODER_TRICKLE_BYTES);
		}
		decode(how.coding, &coded, &plain, false);
		assert_int_equal(plain.n, 200000);
		assert_memory_equal(plain.p, body, plain.n);
		fr_encoder_free(&e);
		free(coded.p);
		free(plain.p);
	}
	free(body);
}

/* What comes behind the end of a coding. */
static void an_end_is_an_end(void **state)
{
	static const struct {
		enum fr_coding coding;
		const char *after;
		size_t n;
		bool is_whole;
	} rows[] = {
		{FR_CODING_GZIP, "", 0, true},          {FR_CODING_BR, "", 0, true},
		{FR_CODING_ZSTD, "", 0, true},          {FR_CODING_GZIP, "\0\0\0\0", 4, true},
		{FR_CODING_GZIP, "\r\n", 2, true},      {FR_CODING_GZIP, "\x1f\0", 2, false},
		{FR_CODING_GZIP, "\x1f\x8b", 2, false}, {FR_CODING_BR, "\0", 1, false},
		{FR_CODING_ZSTD, "\0", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < 3 * FR_ARRAY_LEN(rows); i++) {
		size_t row = i / 3, way = i % 3;
		struct fr_encode_how how = {.coding = rows[row].coding, .level = 1, .length = -1};
		struct bytes coded = {0}, plain = {0};
		struct fr_decoder *d =
			fr_decoder_new(fr_coding_name(how.coding), &limits, put_decoded, &plain);

		encode_in_pieces(&how, (const uint8_t *)"0123456789", 10, 10, &coded);
		append(&coded, rows[row].after, rows[row].n);
		/* at once, what follows apart, byte by byte */
		if (way == 0)
			fr_decoder_feed(d, coded.p, coded.n);
		if (way == 1) {
			fr_decoder_feed(d, coded.p, coded.n - rows[row].n);
			fr_decoder_feed(d, coded.p + coded.n - rows[row].n, rows[row].n);
		}
		for (size_t at = 0; way == 2 && at < coded.n; at++)
			fr_decoder_feed(d, coded.p + at, 1);
		if (fr_decoder_is_whole(d) != rows[row].is_whole)
			fail_msg("row %zu, way %zu", row, way);
		assert_int_equal(plain.n, 10);
		fr_decoder_free(&d);
		free(coded.p);
		free(plain.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_decodes_to_the_same),
		cmocka_unit_test(what_was_given_before_a_flush_can_be_decoded),
		cmocka_unit_test(what_was_flushed_is_given_at_once),
		cmocka_unit_test(an_encoder_stops_when_its_bytes_are_not_taken),
		cmocka_unit_test(memory_that_cannot_be_had_is_no_crash),
		cmocka_unit_test(a_short_body_costs_less_memory),
		cmocka_unit_test(an_encoder_holds_what_is_said),
		cmocka_unit_test(an_encoder_of_events_is_small),
		cmocka_unit_test(an_end_is_an_end),
	};

	RUN(tests);
}
