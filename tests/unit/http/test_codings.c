#include "http/codings.h"

#include "arena_fixture.h"

static const enum fr_coding order[] = {FR_CODING_ZSTD, FR_CODING_BR, FR_CODING_GZIP};

static void the_coding_follows_the_weights(void **state)
{
	static const struct {
		const char *field, *coding;
	} rows[] = {
		{"gzip, deflate, br, zstd", "zstd"},
		{"gzip, deflate, br", "br"},
		{"gzip", "gzip"},
		{"x-gzip", "gzip"},
		{"GZIP", "gzip"},
		{"Br;Q=1", "br"},
		{"", "identity"},
		{"identity", "identity"},
		{"deflate", "identity"},
		{"compress, dcb", "identity"},
		{"*", "zstd"},
		{"*;q=0", "identity"},
		{"*;q=0.5", "zstd"},
		{"zstd;q=0, *", "br"},
		{"br;q=0, gzip", "gzip"},
		{"br;q=0.000, gzip", "gzip"},
		{"zstd;q=0.5, br;q=0.8, gzip;q=0.2", "br"},
		{"zstd;q=0.8, br;q=0.8", "zstd"},
		{"br;q=0.8, zstd;q=0.8", "zstd"},
		{"gzip;q=0.001", "gzip"},
		{"gzip;q=0.5, identity", "identity"},
		{"gzip;q=0.5, identity;q=0.5", "gzip"},
		{"gzip;q=0.5, identity;q=0.6", "identity"},
		{"identity;q=1, *;q=0", "identity"},
		{"identity;q=0, gzip;q=0.1", "gzip"},
		{"identity;q=0", "identity"},
		{"gzip ; q = 0.5 , br ; q=0", "gzip"},
		{"gzip;level=9;q=0", "identity"},
		{"gzip;level=9", "gzip"},
		{"gzip;q=1.0, gzip;q=0", "identity"},
		{"gzip;q=0, gzip", "identity"},
		{",,gzip,,", "gzip"},
		/* malformed weights accept nothing */
		{"gzip;q=", "identity"},
		{"gzip;q=2", "identity"},
		{"gzip;q=1.001", "identity"},
		{"gzip;q=0.1234", "identity"},
		{"gzip;q=-1", "identity"},
		{"gzip;q=.5", "identity"},
		{"gzip;q=1x", "identity"},
		{"gzip;q=\"1\"", "identity"},
		{"gzip;q=a, br", "br"},
		{"gzip br", "identity"},
		{"gzip;", "gzip"},
		{"gzip;q", "gzip"},
		{"brotli, gz", "identity"},
	};
	struct fr_coding_weights w;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_fields f;
		enum fr_coding c;

		fr_fields_init(&f, &arena);
		assert_int_equal(fr_fields_add_id(&f, FR_FIELD_ACCEPT_ENCODING, S(rows[i].field)),
		                 0);
		fr_codings_weigh(&f, &w);
		c = fr_coding_choose(&w, order, FR_ARRAY_LEN(order));
		if (!fr_str_is(fr_coding_name(c), rows[i].coding))
			fail_msg("'%s': %s", rows[i].field, fr_coding_name(c).p);
	}
}

static void several_lines_are_one_list_and_none_is_identity(void **state)
{
	struct fr_coding_weights w;
	struct fr_fields f;

	(void)state;
	fr_fields_init(&f, &arena);
	fr_codings_weigh(&f, &w);
	assert_int_equal(fr_coding_choose(&w, order, FR_ARRAY_LEN(order)), FR_CODING_IDENTITY);
	assert_true(w.of[FR_CODING_IDENTITY] > 0);
	assert_int_equal(fr_fields_add_id(&f, FR_FIELD_ACCEPT_ENCODING, S("gzip")), 0);
	assert_int_equal(fr_fields_add_id(&f, FR_FIELD_ACCEPT_ENCODING, S("zstd;q=0, br")), 0);
	fr_codings_weigh(&f, &w);
	assert_int_equal(fr_coding_choose(&w, order, FR_ARRAY_LEN(order)), FR_CODING_BR);
	assert_int_equal(w.of[FR_CODING_GZIP], FR_CODING_WEIGHT_MOST);
	assert_int_equal(w.of[FR_CODING_ZSTD], 0);
}

static void a_content_encoding_is_one_coding_or_another(void **state)
{
	static const struct {
		const char *value;
		enum fr_coding coding;
	} rows[] = {
		{"", FR_CODING_IDENTITY},       {"identity", FR_CODING_IDENTITY},
		{"gzip", FR_CODING_GZIP},       {"X-GZIP", FR_CODING_GZIP},
		{"br", FR_CODING_BR},           {"zstd", FR_CODING_ZSTD},
		{"deflate", FR_CODING_DEFLATE}, {"identity, br", FR_CODING_BR},
		{"gzip, br", FR_CODING_OTHER},  {"gzip, gzip", FR_CODING_OTHER},
		{"aes128gcm", FR_CODING_OTHER}, {"dcb", FR_CODING_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_coding_of(S(rows[i].value)) != rows[i].coding)
			fail_msg("%s", rows[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_coding_follows_the_weights),
		T(several_lines_are_one_list_and_none_is_identity),
		cmocka_unit_test(a_content_encoding_is_one_coding_or_another),
	};

	RUN(tests);
}
