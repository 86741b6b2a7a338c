#include "observe/access_format.h"

#include <jansson.h>

#include "config/config.h"
#include "observe/text.h"
#include "unit.h"

static struct fr_config *config;
static struct fr_access_queue queue;
static struct fr_access_item item;
static struct fr_access_format *formatter;
static struct fr_record record;
static char line[FR_ACCESS_LINE_MAX];
static struct fr_arena arena;
static struct fr_plan plan;
static json_t *json;

/* 2026-11-24T23:39:27.012345Z */
#define NOON 1795563567012345

static int set_up(void **state)
{
	(void)state;
	config = NULL;
	json = NULL;
	formatter = NULL;
	fr_access_queue_init(&queue, 4 * FR_ACCESS_RECORD_MAX);
	fr_arena_init(&arena, 1u << 22);
	plan = (struct fr_plan){.arena = &arena};
	record = (struct fr_record){
		.time_us = NOON,
		.id = 0x0123456789abcdef,
		.client = FR_STR("192.0.2.1"),
		.client_port = 40000,
		.protocol = FR_PROTOCOL_HTTP_2,
		.tls = "TLSv1.3",
		.method = FR_STR("GET"),
		.scheme = FR_STR("https"),
		.host = FR_STR("h.test"),
		.target = FR_STR("/a?b=c"),
		.user_agent = FR_STR("test/1.0"),
		.status = 200,
		.sent_bytes = 1234,
		.first_byte_us = 1500,
		.duration_us = 2500,
		.cache = FR_CACHE_RESULT_MISS,
		.origin = FR_STR("127.0.0.1:8080"),
		.origin_first_byte_us = 1400,
		.origin_duration_us = -1,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(json);
	fr_access_format_free(&formatter);
	if (config)
		fr_config_unref(&config);
	fr_access_queue_fini(&queue);
	fr_arena_fini(&arena);
	return 0;
}

static int parse(const char *access_log)
{
	struct fr_config_problem why;
	char text[4096];
	int n = snprintf(text, sizeof text,
	                 "listen: [{address: \"127.0.0.1:0\"}]\naccess_log: %s\n"
	                 "sites: [{hosts: [\"*\"], origin: {url: \"http://h\"}}]\n",
	                 access_log);

	return fr_config_parse("t.yaml", text, (size_t)n, &config, &why);
}

static void use(const char *access_log)
{
	fr_access_format_free(&formatter);
	if (config)
		fr_config_unref(&config);
	assert_int_equal(parse(access_log), 0);
	formatter = fr_access_format_new(&config->access_log);
}

/* By the way that records take. */
static struct fr_str line_of(const struct fr_record *r)
{
	size_t n;

	(void)fr_access_queue_put(&queue, r, 1);
	assert_true(fr_access_queue_next(&queue, &item));
	n = fr_access_format_line(formatter, &item, line);
	fr_access_queue_give_back(&queue);
	return fr_str_make(line, n);
}

static struct fr_str format(const char *access_log)
{
	use(access_log);
	return line_of(&record);
}

static void format_json(const char *access_log)
{
	struct fr_str s = format(access_log);
	json_error_t error;

	json_decref(json);
	json = json_loadb(s.p, s.len, 0, &error);
	if (!json)
		fail_msg("%s: %.*s", error.text, FR_STR_ARG(s));
	assert_int_equal(s.p[s.len - 1], '\n');
	assert_int_equal(fr_str_find(s, '\n'), s.len - 1);
}

static const char *text_of(const char *key)
{
	const char *s = json_string_value(json_object_get(json, key));

	return s ? s : "(none)";
}

static void a_json_line_has_every_field_that_is_there(void **state)
{
	(void)state;
	assert_str(format("{file: a.log}"),
	           "{\"time\":\"2026-11-24T23:39:27.012345Z\",\"id\":\"0123456789abcdef\","
	           "\"client\":\"192.0.2.1\",\"client_port\":40000,\"protocol\":\"HTTP/2.0\","
	           "\"tls\":\"TLSv1.3\",\"tls_resumed\":false,\"scheme\":\"https\","
	           "\"host\":\"h.test\",\"user_agent\":\"test/1.0\",\"method\":\"GET\","
	           "\"target\":\"/a?b=c\",\"status\":200,\"end\":\"completed\",\"bytes\":1234,"
	           "\"first_byte_us\":1500,\"duration_us\":2500,\"cache\":\"miss\","
	           "\"origin\":\"127.0.0.1:8080\",\"origin_first_byte_us\":1400}\n");
	record.received_bytes = 7;
	format_json("{file: a.log}");
	assert_int_equal(json_integer_value(json_object_get(json, "request_bytes")), 7);
}

/* What a custom order gives is what the order of old gives. */
static void every_field_reads_the_same_alone_and_among_all(void **state)
{
	json_t *all;

	(void)state;
	record.is_push = true;
	record.parent_id = 0xff;
	record.peer = FR_STR("10.0.0.1");
	record.purpose = "prefetch";
	record.arm = "none";
	record.received_bytes = 5;
	record.referer = FR_STR("https://h.test/");
	record.error = FR_STR("the origin cannot be reached");
	record.coding = "br";
	record.origin_duration_us = 0;
	record.not_stored = FR_CACHE_STORE_NO_FRESHNESS;
	record.learning = (struct fr_plan_learning){.waiting = 2, .seen_by = 1, .witnesses = 3};
	format_json("{file: a.log}");
	assert_string_equal(json_string_value(json_object_get(json, "learning")),
	                    "personal: seen by 1 of 3");
	assert_string_equal(json_string_value(json_object_get(json, "not_stored")),
	                    "no explicit freshness");
	all = json_incref(json);
	for (int i = 0; i < FR_LOG_FIELD_COUNT; i++) {
		const char *name = fr_log_field_name((enum fr_log_field)i);
		char text[128];

		(void)snprintf(text, sizeof text, "{file: a.log, fields: [%s]}", name);
		format_json(text);
		assert_int_equal(json_object_size(json), i != FR_LOG_FIELD_PLAN);
		assert_int_equal(
			json_equal(json_object_get(json, name), json_object_get(all, name)),
			i != FR_LOG_FIELD_PLAN);
	}
	json_decref(all);
}

/* Fields of the client side are remembered as text: never another client's. */
static void clients_that_differ_in_one_field_are_told_apart(void **state)
{
	struct fr_record r[9];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(r); i++)
		r[i] = record;
	r[1].client = FR_STR("192.0.2.2");
	r[2].client_port = 40001;
	r[3].protocol = FR_PROTOCOL_HTTP_1_1;
	r[4].tls = "TLSv1.2";
	r[5].tls_resumed = true;
	r[6].scheme = FR_STR("httpx");
	r[7].host = FR_STR("g.test");
	r[8].user_agent = FR_STR("test/1.1");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 2 * FR_ARRAY_LEN(r); i++) {
			const struct fr_record *one = &r[i / 2];
			struct fr_str s;

			if (i == 0)
				use("{file: a.log}");
			s = line_of(one);
			json_decref(json);
			json = json_loadb(s.p, s.len, 0, NULL);
			assert_non_null(json);
			assert_string_equal(text_of("client"), one->client.p);
			assert_int_equal(json_integer_value(json_object_get(json, "client_port")),
			                 one->client_port);
			assert_string_equal(text_of("protocol"), fr_protocol_str(one->protocol));
			assert_string_equal(text_of("tls"), one->tls);
			assert_int_equal(json_is_true(json_object_get(json, "tls_resumed")),
			                 one->tls_resumed);
			assert_string_equal(text_of("scheme"), one->scheme.p);
			assert_string_equal(text_of("host"), one->host.p);
			assert_string_equal(text_of("user_agent"), one->user_agent.p);
		}
	}
}

/* Every length and place of a byte that needs an escape, around the sixteen that are
 * looked at together. */
static void a_byte_is_escaped_wherever_it_stands(void **state)
{
	static const char odd[] = {'"', '\\', '\x01', '\x1f', '\x7f', '\x80', '\xff'};

	(void)state;
	use("{file: a.log, fields: [target]}");
	for (size_t len = 1; len <= 50; len++) {
		for (size_t at = 0; at < len * FR_ARRAY_LEN(odd); at++) {
			char text[64], c = odd[at % FR_ARRAY_LEN(odd)];
			struct fr_str s;
			const char *got;

			memset(text, 'a', sizeof text);
			text[at / FR_ARRAY_LEN(odd)] = c;
			record.target = fr_str_make(text, len);
			s = line_of(&record);
			json_decref(json);
			json = json_loadb(s.p, s.len, 0, NULL);
			assert_non_null(json);
			got = text_of("target");
			assert_int_equal(strlen(got), len + ((unsigned char)c >= 0x80));
			if ((unsigned char)c < 0x80)
				assert_memory_equal(got, text, len);
			for (size_t i = 0; i + 1 < s.len; i++)
				assert_true(s.p[i] >= 0x20 && s.p[i] < 0x7f);
		}
	}
}

static void fields_choose_and_order_the_keys(void **state)
{
	(void)state;
	assert_str(format("{file: a.log, fields: [status, target, tls_resumed]}"),
	           "{\"status\":200,\"target\":\"/a?b=c\",\"tls_resumed\":false}\n");
	record.tls = NULL;
	assert_str(format("{file: a.log, fields: [tls_resumed, tls, status]}"),
	           "{\"status\":200}\n");
}

static void a_combined_line_is_what_log_readers_expect(void **state)
{
	(void)state;
	record.referer = FR_STR("https://h.test/");
	assert_str(format("{file: a.log, format: combined}"),
	           "192.0.2.1 - - [24/Nov/2026:23:39:27 +0000] \"GET /a?b=c HTTP/2.0\" 200 1234 "
	           "\"https://h.test/\" \"test/1.0\"\n");
	record.referer = FR_STR("");
	record.status = 0;
	assert_str(format("{file: a.log, format: combined}"),
	           "192.0.2.1 - - [24/Nov/2026:23:39:27 +0000] \"GET /a?b=c HTTP/2.0\" - 1234 "
	           "\"-\" \"test/1.0\"\n");
}

static void a_custom_line_names_its_fields(void **state)
{
	(void)state;
	assert_str(format("{file: a.log, format: \"{client} {status} <{referer}> {cache}!\"}"),
	           "192.0.2.1 200 <-> miss!\n");
	assert_str(format("{file: a.log, format: \"{id}{time}\"}"),
	           "0123456789abcdef2026-11-24T23:39:27.012345Z\n");
}

static void formats_that_mean_nothing_are_refused(void **state)
{
	static const char *const wrong[] = {
		"{format: json}",
		"{file: \"\"}",
		"{file: a, format: xml}",
		"{file: a, format: \"{nothing}\"}",
		"{file: a, format: \"{status\"}",
		"{file: a, format: \"}{status}\"}",
		"{file: a, fields: [nothing]}",
		"{file: a, fields: [status, status]}",
		"{file: a, format: combined, fields: [status]}",
		"{file: a, buffer: 1KiB}",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(wrong); i++)
		if (parse(wrong[i]) == 0)
			fail_msg("accepted: %s", wrong[i]);
}

static void a_client_cannot_forge_a_line(void **state)
{
	(void)state;
	record.user_agent = FR_STR("x\" 200 1\n10.0.0.1 - - \r\t\x1b[0m\\\x7f");
	record.target = FR_STR("/\"}\n{\"status\":500");
	assert_str(format("{file: a.log, format: \"{user_agent}\"}"),
	           "x\\x22 200 1\\x0a10.0.0.1 - - \\x0d\\x09\\x1b[0m\\x5c\\x7f\n");
	format_json("{file: a.log}");
	assert_string_equal(text_of("user_agent"), record.user_agent.p);
	assert_string_equal(text_of("target"), record.target.p);
	assert_int_equal(json_integer_value(json_object_get(json, "status")), 200);
}

static void bytes_that_are_no_utf8_still_make_json(void **state)
{
	(void)state;
	record.user_agent = FR_STR("gr\xc3\xbc\xc3\x9f \xfc \xed\xa0\x80 \xf0\x9f\x98\x80 \xc3");
	format_json("{file: a.log}");
	assert_string_equal(text_of("user_agent"),
	                    "gr\xc3\xbc\xc3\x9f \xc3\xbc \xc3\xad\xc2\xa0\xc2\x80 \xf0\x9f\x98\x80 "
	                    "\xc3\x83");
}

static void long_values_are_cut_and_marked(void **state)
{
	static char long_text[3 * FR_ACCESS_VALUE_MAX];

	(void)state;
	memset(long_text, '"', sizeof long_text);
	record.target = record.user_agent = record.referer = record.host =
		fr_str_make(long_text, sizeof long_text);
	format_json("{file: a.log}");
	assert_int_equal(strlen(text_of("target")), FR_ACCESS_VALUE_MAX + 3);
	assert_string_equal(text_of("target") + FR_ACCESS_VALUE_MAX, "...");
	(void)format("{file: a.log, format: \"{target}{target}{target}{target}{target}{target}"
	             "{target}{target}{target}{target}{target}{target}{target}{target}{target}"
	             "{target}{target}{target}{target}{target}{target}{target}{target}{target}\"}");
}

static void add_link(const char *url, enum fr_delivery d, enum fr_reason r)
{
	struct fr_hint *h = fr_arena_calloc(&arena, 1, sizeof *h);

	assert_non_null(h);
	*h = (struct fr_hint){
		.url = fr_str_from(url), .as = FR_AS_STYLE, .delivery = d, .reason = r};
	if (!plan.v)
		plan.v = fr_arena_calloc(&arena, FR_PLAN_MAX_HINTS, sizeof(struct fr_hint *));
	plan.v[plan.n++] = h;
}

static void a_page_has_its_plan_with_each_decision(void **state)
{
	(void)state;
	add_link("/a.css", FR_DELIVERY_PUSH, FR_REASON_PUSHED);
	add_link("/b.css", FR_DELIVERY_LINK, FR_REASON_NOPUSH);
	record.plan = &plan;
	assert_str(format("{file: a.log, fields: [plan, status]}"),
	           "{\"plan\":[{\"url\":\"/a.css\",\"as\":\"style\",\"source\":\"link\","
	           "\"delivery\":\"push\",\"reason\":\"pushed\"},{\"url\":\"/b.css\","
	           "\"as\":\"style\",\"source\":\"link\",\"delivery\":\"link\","
	           "\"reason\":\"nopush\"}],\"status\":200}\n");
	assert_str(format("{file: a.log, format: \"{plan}\"}"),
	           "/a.css=push:pushed /b.css=link:nopush\n");
}

static void links_that_do_not_fit_are_counted(void **state)
{
	static char url[FR_ACCESS_VALUE_MAX + 1];
	size_t n;

	(void)state;
	memset(url, '\x01', sizeof url - 1);
	for (size_t i = 0; i < FR_PLAN_MAX_HINTS; i++)
		add_link(url, FR_DELIVERY_PUSH, FR_REASON_PUSHED);
	record.plan = &plan;
	record.target = record.user_agent = record.referer = record.host = record.method =
		fr_str_from(url);
	for (int i = 0; i < 2; i++) {
		format_json(
			i ? "{file: a, fields: [plan, target, user_agent, referer, host, method]}"
			  : "{file: a}");
		n = json_array_size(json_object_get(json, "plan"));
		assert_in_range(n, 1, FR_PLAN_MAX_HINTS - 1);
		assert_int_equal(json_integer_value(json_object_get(json, "plan_cut")),
		                 FR_PLAN_MAX_HINTS - n);
		assert_string_equal(text_of("user_agent"), url);
	}
}

static void a_push_names_its_page_and_its_outcome(void **state)
{
	(void)state;
	record.is_push = true;
	record.parent_id = 0xff;
	record.end = FR_END_CANCELLED;
	format_json("{file: a.log}");
	assert_string_equal(text_of("parent"), "00000000000000ff");
	assert_string_equal(text_of("outcome"), "cancelled");
}

static void numbers_are_written_to_their_ends(void **state)
{
	char out[128];
	struct fr_text t = fr_text_make(out, sizeof out);

	(void)state;
	fr_text_u64(&t, UINT64_MAX);
	fr_text_put(&t, " ", 1);
	fr_text_i64(&t, INT64_MIN);
	fr_text_put(&t, " ", 1);
	fr_text_padded(&t, 42, 6);
	fr_text_hex(&t, 10);
	assert_str(fr_str_make(out, t.n),
	           "18446744073709551615 -9223372036854775808 000042000000000000000a");
	t.cap = t.n + 3;
	fr_text_str(&t, "four");
	assert_true(t.is_full);
	fr_text_str(&t, "abc");
	assert_int_equal(t.n, t.cap);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_json_line_has_every_field_that_is_there),
		T(every_field_reads_the_same_alone_and_among_all),
		T(clients_that_differ_in_one_field_are_told_apart),
		T(a_byte_is_escaped_wherever_it_stands),
		T(fields_choose_and_order_the_keys),
		T(a_combined_line_is_what_log_readers_expect),
		T(a_custom_line_names_its_fields),
		T(formats_that_mean_nothing_are_refused),
		T(a_client_cannot_forge_a_line),
		T(bytes_that_are_no_utf8_still_make_json),
		T(long_values_are_cut_and_marked),
		T(a_page_has_its_plan_with_each_decision),
		T(links_that_do_not_fit_are_counted),
		T(a_push_names_its_page_and_its_outcome),
		T(numbers_are_written_to_their_ends),
	};

	RUN(tests);
}
