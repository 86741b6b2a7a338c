#include "stages/compression/decide.h"

#include "arena_fixture.h"

struct row {
	const char *asked; /* the request's fields: "name: value\n..." */
	int status;
	const char *said; /* the response's */
	int64_t length;
	enum fr_coding_act act;
	bool varies;
};

static const struct fr_config_compression settings = {
	.enabled = true, .min_bytes = 1024, .gzip_level = 4, .br_level = 5, .zstd_level = 5};

#define BROWSER "accept-encoding: gzip, deflate, br, zstd\n"
#define CSS "content-type: text/css\n"

static void read_fields(struct fr_fields *f, const char *text)
{
	struct fr_str rest = S(text);

	fr_fields_init(f, &arena);
	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');
		struct fr_str line = fr_str_sub(rest, 0, end);
		size_t colon = fr_str_find(line, ':');

		assert_int_equal(fr_fields_add(f, fr_str_sub(line, 0, colon),
		                               fr_str_trim(fr_str_sub(line, colon + 1, line.len))),
		                 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
}

static void decide(const struct row *r, bool is_stored, struct fr_response *resp,
                   struct fr_coding_verdict *v)
{
	struct fr_request req;
	struct fr_coding_weights weights;
	struct fr_coding_question q = {.req = &req,
	                               .rules = &settings,
	                               .status = r->status,
	                               .fields = &resp->fields,
	                               .length = r->length,
	                               .is_stored = is_stored};
	struct fr_coding_verdict by_field;

	fr_request_init(&req, &arena);
	read_fields(&req.fields, r->asked);
	fr_response_init(resp, &arena, r->status);
	read_fields(&resp->fields, r->said);
	resp->content_length = r->length;
	fr_codings_weigh(&req.fields, &weights);
	fr_coding_decide(&q, &by_field);
	q.weights = &weights;
	fr_coding_decide(&q, v);
	/* the same, whether the weights are known or read from the field */
	assert_int_equal(by_field.act, v->act);
	assert_int_equal(by_field.coding, v->coding);
	assert_int_equal(by_field.varies, v->varies);
}

/* Responses that their origin encoded. */
static void what_is_stored_encoded_may_have_a_shorter_form(void **state)
{
	static const struct {
		const char *asked, *said;
		int64_t length;
		enum fr_coding_act act;
		enum fr_coding coding;
	} rows[] = {
		{BROWSER, CSS "content-encoding: gzip\n", 5000, FR_CODING_RECODE, FR_CODING_BR},
		{BROWSER, CSS "content-encoding: zstd\n", 5000, FR_CODING_RECODE, FR_CODING_BR},
		{BROWSER, CSS "content-encoding: br\n", 5000, FR_CODING_RECODE, FR_CODING_BR},
		{"accept-encoding: gzip\n", CSS "content-encoding: gzip\n", 5000, FR_CODING_RECODE,
	         FR_CODING_GZIP},
		{"accept-encoding: gzip;q=1, br;q=0.1\n", CSS "content-encoding: gzip\n", 5000,
	         FR_CODING_RECODE, FR_CODING_GZIP},
		{"accept-encoding: br\n", CSS "content-encoding: gzip\n", 5000, FR_CODING_DECODE,
	         FR_CODING_GZIP},
		{"accept-encoding: identity\n", CSS "content-encoding: gzip\n", 5000,
	         FR_CODING_DECODE, FR_CODING_GZIP},
		{BROWSER "cache-control: no-transform\n", CSS "content-encoding: gzip\n", 5000,
	         FR_CODING_KEEP, 0},
		{BROWSER, CSS "content-encoding: gzip\ncache-control: no-transform\n", 5000,
	         FR_CODING_KEEP, 0},
		{BROWSER, CSS "content-encoding: gzip, br\n", 5000, FR_CODING_KEEP, 0},
		{BROWSER, CSS "content-encoding: gzip\n", 1000, FR_CODING_KEEP, 0},
		{BROWSER, CSS "content-encoding: gzip\n", -1, FR_CODING_KEEP, 0},
		{BROWSER, "content-type: image/png\ncontent-encoding: gzip\n", 5000, FR_CODING_KEEP,
	         0},
	};
	struct fr_config_compression rules = settings;

	(void)state;
	for (size_t i = 0; i < 3 * FR_ARRAY_LEN(rows); i++) {
		struct fr_request req;
		struct fr_response resp;
		struct fr_coding_question q = {.req = &req, .rules = &rules, .status = 200};
		struct fr_coding_verdict v;
		size_t row = i / 3;

		/* only what is stored, and only if the rules say so */
		rules.recompress = i % 3 != 1;
		q.is_stored = i % 3 != 2;
		fr_request_init(&req, &arena);
		read_fields(&req.fields, rows[row].asked);
		fr_response_init(&resp, &arena, 200);
		read_fields(&resp.fields, rows[row].said);
		q.fields = &resp.fields;
		q.length = rows[row].length;
		fr_coding_decide(&q, &v);
		if (i % 3 == 0)
			assert_int_equal(v.act, rows[row].act);
		else
			assert_int_not_equal(v.act, FR_CODING_RECODE);
		if (i % 3 == 0 && v.act != FR_CODING_KEEP)
			assert_int_equal(v.coding, rows[row].coding);
	}
}

/* Responses of every kind. */
static const struct {
	int status;
	const char *said;
	int64_t length;
} kinds[] = {
	{200, CSS, 5000},
	{200, CSS, 1023},
	{200, CSS, 0},
	{404, CSS, 5000},
	{204, CSS, 0},
	{206, CSS "content-range: bytes 0-9/90\n", 5000},
	{200, "content-type: image/png\n", 5000},
	{200, CSS "content-encoding: gzip\n", 5000},
	{200, CSS "content-encoding: deflate\n", 5000},
	{200, CSS "content-encoding: br\n", 5000},
	{200, CSS "content-encoding: zstd\n", 5000},
	{200, CSS "content-encoding: gzip, br\n", 5000},
	{200, CSS "cache-control: no-transform\n", 5000},
	{200, CSS "content-encoding: gzip\ncache-control: no-transform\n", 5000},
};

static void what_is_remembered_of_usual_requests_is_what_is_decided(void **state)
{
	static const struct fr_config_compression off = {.min_bytes = 1024};
	static const struct fr_config_compression gzip = {
		.enabled = true, .order = {FR_CODING_GZIP}, .n_order = 1};
	struct fr_config_compression again = settings;
	const struct fr_config_compression *const rules[] = {&settings, &off, &gzip, &again};

	(void)state;
	again.recompress = true;
	for (size_t i = 0; i < FR_ARRAY_LEN(kinds) * FR_ARRAY_LEN(rules); i++) {
		size_t kind = i % FR_ARRAY_LEN(kinds);
		struct fr_request req;
		struct fr_response resp;
		struct fr_coding_question q = {.req = &req,
		                               .rules = rules[i / FR_ARRAY_LEN(kinds)],
		                               .status = kinds[kind].status,
		                               .fields = &resp.fields,
		                               .length = kinds[kind].length,
		                               .is_stored = true};
		uint64_t word;

		fr_response_init(&resp, &arena, kinds[kind].status);
		read_fields(&resp.fields, kinds[kind].said);
		word = fr_coding_decide_usual(&q);
		assert_true(word != 0);
		for (unsigned n = 0; n < FR_CODINGS_USUAL; n++) {
			struct fr_coding_verdict decided, remembered;

			fr_request_init(&req, &arena);
			assert_int_equal(fr_fields_add(&req.fields, S("accept-encoding"),
			                               fr_codings_usual_text(n)),
			                 0);
			fr_coding_decide(&q, &decided);
			fr_coding_verdict_of(word, n, &remembered);
			assert_int_equal(decided.act, remembered.act);
			assert_int_equal(decided.varies, remembered.varies);
			assert_int_equal(decided.coding, remembered.coding);
		}
	}
}

static void every_rule_has_its_verdict(void **state)
{
	static const struct row rows[] = {
		{BROWSER, 200, CSS, -1, FR_CODING_ENCODE, true},
		{BROWSER, 200, CSS, 1024, FR_CODING_ENCODE, true},
		{BROWSER, 200, CSS, 1023, FR_CODING_KEEP, false},
		{BROWSER, 200, CSS, 0, FR_CODING_KEEP, false},
		{"", 200, CSS, -1, FR_CODING_KEEP, true},
		{"accept-encoding: identity\n", 200, CSS, -1, FR_CODING_KEEP, true},
		{BROWSER, 200, "content-type: image/png\n", -1, FR_CODING_KEEP, false},
		{BROWSER, 200, "", -1, FR_CODING_KEEP, false},
		{BROWSER, 200, CSS "content-encoding: identity\n", -1, FR_CODING_ENCODE, true},
		{BROWSER, 200, CSS "content-encoding: gzip\n", -1, FR_CODING_KEEP, true},
		{"", 200, CSS "content-encoding: gzip\n", -1, FR_CODING_KEEP, true},
		{"accept-encoding: identity\n", 200, CSS "content-encoding: gzip\n", -1,
	         FR_CODING_DECODE, true},
		{"accept-encoding: br\n", 200, CSS "content-encoding: gzip\n", -1, FR_CODING_DECODE,
	         true},
		{"accept-encoding: br, *;q=0\n", 200, CSS "content-encoding: gzip\n", -1,
	         FR_CODING_KEEP, true},
		{"", 200, CSS "content-encoding: gzip, br\n", -1, FR_CODING_KEEP, false},
		{"", 200, CSS "content-encoding: dcb\n", -1, FR_CODING_KEEP, false},
		{"", 200, CSS "content-encoding: gzip\ncontent-encoding: br\n", -1, FR_CODING_KEEP,
	         false},
		{"accept-encoding: identity\n", 200,
	         "content-type: image/png\ncontent-encoding: gzip\n", 20, FR_CODING_DECODE, true},
		{BROWSER, 200, CSS "cache-control: no-transform\n", -1, FR_CODING_KEEP, false},
		{BROWSER, 200, CSS "cache-control: max-age=1, No-Transform\n", -1, FR_CODING_KEEP,
	         false},
		{"", 200, CSS "content-encoding: gzip\ncache-control: no-transform\n", -1,
	         FR_CODING_KEEP, false},
		{BROWSER "cache-control: no-transform\n", 200, CSS, -1, FR_CODING_KEEP, true},
		{"cache-control: no-transform\n", 200, CSS "content-encoding: gzip\n", -1,
	         FR_CODING_KEEP, true},
		{BROWSER, 206, CSS, -1, FR_CODING_KEEP, false},
		{BROWSER, 200, CSS "content-range: bytes 0-9/90\n", -1, FR_CODING_KEEP, false},
		{BROWSER, 204, CSS, -1, FR_CODING_KEEP, false},
		{BROWSER, 205, CSS, -1, FR_CODING_KEEP, false},
		{BROWSER, 304, CSS, -1, FR_CODING_KEEP, false},
		{BROWSER, 103, CSS, -1, FR_CODING_KEEP, false},
		{BROWSER, 404, CSS, -1, FR_CODING_ENCODE, true},
		{BROWSER, 500, CSS, 5000, FR_CODING_ENCODE, true},
		{BROWSER "sec-fetch-site: cross-site\ncookie: a=b\n", 200, CSS, -1, FR_CODING_KEEP,
	         true},
		{BROWSER "sec-fetch-site: cross-site\nauthorization: Basic x\n", 200, CSS, -1,
	         FR_CODING_KEEP, true},
		{BROWSER "sec-fetch-site: cross-site\n", 200, CSS, -1, FR_CODING_ENCODE, true},
		{BROWSER "sec-fetch-site: cross-site\nsec-fetch-mode: navigate\ncookie: a=b\n", 200,
	         CSS, -1, FR_CODING_ENCODE, true},
		{BROWSER "sec-fetch-site: same-site\ncookie: a=b\n", 200, CSS, -1, FR_CODING_ENCODE,
	         true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_response resp;
		struct fr_coding_verdict v;

		decide(&rows[i], false, &resp, &v);
		if (v.act != rows[i].act || v.varies != rows[i].varies)
			fail_msg("row %zu: act %d, varies %d", i, v.act, v.varies);
	}
}

static void one_response_is_encoded_fast_and_a_stored_one_small(void **state)
{
	static const struct row row = {BROWSER, 200, CSS, -1, FR_CODING_ENCODE, true};
	struct fr_response resp;
	struct fr_coding_verdict v;

	(void)state;
	decide(&row, false, &resp, &v);
	assert_int_equal(v.coding, FR_CODING_ZSTD);
	decide(&row, true, &resp, &v);
	assert_int_equal(v.coding, FR_CODING_BR);
}

static void what_another_client_was_sent_is_decoded_for_one_that_says_nothing(void **state)
{
	static const struct row row = {"",  200, CSS "content-encoding: br\n", -1, FR_CODING_DECODE,
	                               true};
	struct fr_response resp;
	struct fr_coding_verdict v;

	(void)state;
	decide(&row, true, &resp, &v);
	assert_int_equal(v.act, FR_CODING_DECODE);
}

static void the_fields_are_those_of_the_new_bytes(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{CSS "etag: \"a\"\n", CSS "etag: W/\"a\"\nvary: accept-encoding\n"
	                                  "content-encoding: zstd\n"},
		{CSS "etag: W/\"a\"\nvary: origin\n",
	         CSS "etag: W/\"a\"\nvary: origin, accept-encoding\ncontent-encoding: zstd\n"},
		{CSS "vary: Accept-Encoding, cookie\n",
	         CSS "vary: Accept-Encoding, cookie\ncontent-encoding: zstd\n"},
		{CSS "vary: *\n", CSS "vary: *\ncontent-encoding: zstd\n"},
		{CSS "vary: a\nvary: accept-encoding\n",
	         CSS "vary: a\nvary: accept-encoding\ncontent-encoding: zstd\n"},
		{CSS "accept-ranges: bytes\ncontent-md5: x\ndigest: x\ncontent-digest: x\n"
	             "repr-digest: x\nx-other: x\ncontent-encoding: identity\n",
	         CSS "x-other: x\nvary: accept-encoding\ncontent-encoding: zstd\n"},
		{CSS "etag: odd\n", CSS "etag: odd\nvary: accept-encoding\n"
	                                "content-encoding: zstd\n"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct row r = {BROWSER, 200, rows[i].before, 5000, FR_CODING_ENCODE, true};
		struct fr_response resp;
		struct fr_coding_verdict v;
		char text[1024];
		size_t n = 0;

		decide(&r, false, &resp, &v);
		assert_int_equal(fr_coding_apply(&v, &arena, &resp), 0);
		assert_int_equal(resp.content_length, -1);
		for (size_t k = 0; k < resp.fields.n; k++)
			n += (size_t)snprintf(text + n, sizeof text - n, "%.*s: %.*s\n",
			                      FR_STR_ARG(resp.fields.v[k].name),
			                      FR_STR_ARG(resp.fields.v[k].value));
		assert_string_equal(text, rows[i].after);
	}
}

static void a_304_names_the_tag_that_the_client_has(void **state)
{
	static const struct {
		const char *asked, *said, *tag;
	} rows[] = {
		{"if-none-match: W/\"a\"\n", "etag: \"a\"\n", "W/\"a\""},
		{"if-none-match: \"b\", W/\"a\"\n", "etag: \"a\"\n", "W/\"a\""},
		{"if-none-match: \"b\"\nif-none-match: W/\"a\"\n", "etag: \"a\"\n", "W/\"a\""},
		{"if-none-match: \"a\"\n", "etag: \"a\"\n", "\"a\""},
		{"if-none-match: W/\"b\"\n", "etag: \"a\"\n", "\"a\""},
		{"if-none-match: *\n", "etag: \"a\"\n", "\"a\""},
		{"if-none-match: W/\n", "etag: \"a\"\n", "\"a\""},
		{"", "etag: \"a\"\n", "\"a\""},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_request req;
		struct fr_response resp;

		fr_request_init(&req, &arena);
		read_fields(&req.fields, rows[i].asked);
		fr_response_init(&resp, &arena, 304);
		read_fields(&resp.fields, rows[i].said);
		assert_int_equal(fr_coding_apply_not_modified(&req, &arena, &resp), 0);
		assert_str(fr_fields_value(&resp.fields, FR_FIELD_ETAG), rows[i].tag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_stored_encoded_may_have_a_shorter_form),
		T(what_is_remembered_of_usual_requests_is_what_is_decided),
		T(every_rule_has_its_verdict),
		T(one_response_is_encoded_fast_and_a_stored_one_small),
		T(what_another_client_was_sent_is_decoded_for_one_that_says_nothing),
		T(the_fields_are_those_of_the_new_bytes),
		T(a_304_names_the_tag_that_the_client_has),
	};

	RUN(tests);
}
