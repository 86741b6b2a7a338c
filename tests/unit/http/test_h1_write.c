#include "http/h1.h"
#include "unit.h"

static struct fr_arena arena;
static struct fr_buf out;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	fr_buf_init(&out, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_buf_fini(&out);
	fr_arena_fini(&arena);
	return 0;
}

static void assert_out(const char *expected)
{
	assert_str(fr_str_make((const char *)fr_buf_data(&out), fr_buf_len(&out)), expected);
}

static struct fr_request request(void)
{
	struct fr_request r;

	fr_request_init(&r, &arena);
	r.method_text = S("POST");
	r.target = S("/x");
	r.authority = S("h:1");
	return r;
}

static void requests_carry_host_first_and_their_framing(void **state)
{
	struct fr_request r = request();

	(void)state;
	assert_int_equal(fr_fields_add(&r.fields, S("x-a"), S("b")), 0);
	r.has_body = true;
	assert_int_equal(fr_h1_write_request(&out, &r, NULL, NULL), 0);
	assert_out("POST /x HTTP/1.1\r\nhost: h:1\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n");
	fr_buf_clear(&out);
	r.content_length = 5;
	assert_int_equal(fr_h1_write_request(&out, &r, "close", NULL), 0);
	assert_out("POST /x HTTP/1.1\r\nhost: h:1\r\nx-a: b\r\nconnection: close\r\n"
	           "content-length: 5\r\n\r\n");
}

static void what_would_split_a_message_is_refused(void **state)
{
	static const char *const bad[] = {"a\r\nb: c", "a\nb", "a\rb"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		struct fr_request r = request();
		struct fr_response resp;

		assert_int_equal(fr_fields_add(&r.fields, S("x"), S(bad[i])), 0);
		assert_int_equal(fr_h1_write_request(&out, &r, NULL, NULL), FR_ERR_INVALID);
		fr_response_init(&resp, &arena, 200);
		assert_int_equal(fr_fields_add(&resp.fields, S("x"), S(bad[i])), 0);
		assert_int_equal(fr_h1_write_response(&out, &resp, false, NULL), FR_ERR_INVALID);
	}
}

static void responses_carry_their_framing(void **state)
{
	struct fr_response r;

	(void)state;
	fr_response_init(&r, &arena, 404);
	r.content_length = 0;
	assert_int_equal(fr_h1_write_response(&out, &r, false, NULL), 0);
	assert_out("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
	fr_buf_clear(&out);
	fr_response_init(&r, &arena, 299);
	assert_int_equal(fr_h1_write_response(&out, &r, true, "close"), 0);
	assert_out("HTTP/1.1 299 \r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
}

static void chunks_and_trailers_are_framed(void **state)
{
	struct fr_fields trailers;

	(void)state;
	fr_fields_init(&trailers, &arena);
	assert_int_equal(fr_fields_add(&trailers, S("x-t"), S("v")), 0);
	assert_int_equal(fr_h1_write_chunk(&out, "0123456789abcdef0", 17), 0);
	assert_int_equal(fr_h1_write_last_chunk(&out, &trailers), 0);
	assert_int_equal(fr_h1_write_last_chunk(&out, NULL), 0);
	assert_out("11\r\n0123456789abcdef0\r\n0\r\nx-t: v\r\n\r\n0\r\n\r\n");
}

static void an_empty_chunk_is_not_the_last_chunk(void **state)
{
	(void)state;
	assert_int_equal(fr_h1_write_chunk(&out, "", 0), 0);
	assert_out("");
}

static void the_buffers_ceiling_is_reported(void **state)
{
	struct fr_response r;
	char big[5000];

	(void)state;
	memset(big, 'a', sizeof big);
	fr_response_init(&r, &arena, 200);
	assert_int_equal(fr_fields_add(&r.fields, S("x"), fr_str_make(big, sizeof big)), 0);
	assert_int_equal(fr_h1_write_response(&out, &r, false, NULL), FR_ERR_LIMIT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(requests_carry_host_first_and_their_framing),
		T(what_would_split_a_message_is_refused),
		T(responses_carry_their_framing),
		T(chunks_and_trailers_are_framed),
		T(an_empty_chunk_is_not_the_last_chunk),
		T(the_buffers_ceiling_is_reported),
	};

	RUN(tests);
}
