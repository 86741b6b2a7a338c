#include "http/message.h"

#include "unit.h"

static struct fr_arena arena;
static struct fr_fields fields;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	fr_fields_init(&fields, &arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	return 0;
}

static void add(const char *name, const char *value)
{
	assert_int_equal(fr_fields_add(&fields, S(name), S(value)), 0);
}

static void methods_are_case_sensitive_and_classified(void **state)
{
	(void)state;
	assert_int_equal(fr_method_lookup(S("GET")), FR_METHOD_GET);
	assert_int_equal(fr_method_lookup(S("get")), FR_METHOD_OTHER);
	assert_int_equal(fr_method_lookup(S("PURGE")), FR_METHOD_OTHER);
	assert_true(fr_method_is_safe(FR_METHOD_HEAD) && fr_method_is_safe(FR_METHOD_OPTIONS));
	assert_false(fr_method_is_safe(FR_METHOD_PUT) || fr_method_is_safe(FR_METHOD_OTHER));
	assert_true(fr_method_is_idempotent(FR_METHOD_PUT) &&
	            fr_method_is_idempotent(FR_METHOD_DELETE));
	assert_false(fr_method_is_idempotent(FR_METHOD_POST) ||
	             fr_method_is_idempotent(FR_METHOD_PATCH) ||
	             fr_method_is_idempotent(FR_METHOD_OTHER));
}

static void hop_by_hop_fields_and_nominated_ones_go(void **state)
{
	(void)state;
	add("connection", "X-Hop, close");
	add("x-hop", "1");
	add("keep-alive", "timeout=5");
	add("te", "trailers");
	add("transfer-encoding", "chunked");
	add("proxy-authorization", "Basic x");
	add("x-stays", "2");
	add("connection", "x-other");
	add("x-other", "3");
	assert_int_equal(fr_fields_remove_hop_by_hop(&fields), 0);
	assert_int_equal(fields.n, 1);
	assert_str(fields.v[0].name, "x-stays");
}

static void a_sender_cannot_strip_what_security_rests_on(void **state)
{
	(void)state;
	add("connection", "cookie, authorization, x-forwarded-for, host, content-length, vary");
	add("cookie", "a=b");
	add("authorization", "Basic x");
	add("x-forwarded-for", "::1");
	add("vary", "accept");
	assert_int_equal(fr_fields_remove_hop_by_hop(&fields), 0);
	assert_int_equal(fields.n, 4);
}

static void a_malformed_connection_field_changes_nothing(void **state)
{
	(void)state;
	add("connection", "a b");
	add("te", "trailers");
	assert_int_equal(fr_fields_remove_hop_by_hop(&fields), FR_ERR_SYNTAX);
	assert_int_equal(fields.n, 2);
}

static void content_length_is_one_number(void **state)
{
	static const char *const bad[] = {"",    "+1",  "1,1", "1, 2",
	                                  "0x1", "-1",  "1 2", "9223372036854775808",
	                                  "1;",  "1.0", "a"};
	int64_t n = 5;

	(void)state;
	assert_int_equal(fr_content_length(&fields, &n), 0);
	assert_int_equal(n, -1);
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		fields.n = 0;
		add("content-length", bad[i]);
		assert_int_equal(fr_content_length(&fields, &n), FR_ERR_SYNTAX);
	}
	fields.n = 0;
	add("content-length", "9223372036854775807");
	assert_int_equal(fr_content_length(&fields, &n), 0);
	assert_true(n == INT64_MAX);
	add("content-length", "9223372036854775807");
	assert_int_equal(fr_content_length(&fields, &n), FR_ERR_SYNTAX);
}

static void statuses_know_their_reason_and_content(void **state)
{
	(void)state;
	assert_string_equal(fr_status_reason(421), "Misdirected Request");
	assert_string_equal(fr_status_reason(999), "");
	assert_false(fr_status_has_body(100) || fr_status_has_body(204) || fr_status_has_body(304));
	assert_true(fr_status_has_body(200) && fr_status_has_body(404));
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(methods_are_case_sensitive_and_classified),
		T(hop_by_hop_fields_and_nominated_ones_go),
		T(a_sender_cannot_strip_what_security_rests_on),
		T(a_malformed_connection_field_changes_nothing),
		T(content_length_is_one_number),
		T(statuses_know_their_reason_and_content),
	};

	RUN(tests);
}
