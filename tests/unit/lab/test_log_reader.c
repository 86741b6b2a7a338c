/* Access logs of several servers read for what pages need: which lines are understood, which
 * requests count, under which names assets are advised, and what is left out. */
#include <stdio.h>

#include "lab/advise/log_reader.h"
#include "unit.h"

#define LOADS 6u

#define JSON(target, more)                                                                         \
	"{\"host\":\"s\",\"status\":200,\"method\":\"GET\",\"target\":\"" target "\"" more "}"
#define FROM_PAGE ",\"referer\":\"https://s/\""

/* --- single lines --- */

static const struct {
	const char *what, *line;
	const char *method, *host, *target, *referer;
	int status;
	uint64_t bytes;
} lines[] = {
	{"Forerun",
         "{\"time\":\"x\",\"host\":\"a.example\",\"method\":\"GET\",\"target\":\"/x?y\","
         "\"referer\":\"https://a.example/\",\"status\":200,\"bytes\":12}",
         "GET", "a.example", "/x?y", "https://a.example/", 200, 12},
	{"Caddy",
         "{\"level\":\"info\",\"logger\":\"http.log.access\",\"msg\":\"handled request\","
         "\"request\":{\"remote_ip\":\"192.0.2.1\",\"proto\":\"HTTP/"
         "2.0\",\"method\":\"GET\","
         "\"host\":\"a.example\",\"uri\":\"/x\",\"headers\":{\"Referer\":[\"https://"
         "a.example/\"]},\"tls\":{\"version\":772}},\"duration\":0.1,\"size\":34,"
         "\"status\":304,\"resp_headers\":{\"Content-Type\":[\"text/css\"]}}",
         "GET", "a.example", "/x", "https://a.example/", 304, 34},
	{"Traefik",
         "{\"ClientAddr\":\"192.0.2.1:1\",\"DownstreamContentSize\":5,\"DownstreamStatus\":"
         "200,\"RequestHost\":\"a.example\",\"RequestMethod\":\"GET\",\"RequestPath\":\"/"
         "x\","
         "\"RequestScheme\":\"https\",\"request_Referer\":\"https://a.example/\"}",
         "GET", "a.example", "/x", "https://a.example/", 200, 5},
	{"nginx, JSON with texts for numbers",
         "{\"request_uri\":\"/x\",\"request_method\":\"GET\",\"status\":\"200\","
         "\"http_host\":\"a.example\",\"http_referer\":\"-\",\"body_bytes_sent\":\"7\"}",
         "GET", "a.example", "/x", "", 200, 7},
	{"nginx, JSON with the request line",
         "{\"request\":\"GET /x HTTP/2.0\",\"status\":200,\"host\":\"a.example\"}", "GET",
         "a.example", "/x", "", 200, FR_LOG_UNKNOWN_BYTES},
	{"nginx, combined",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 612 "
         "\"https://a.example/\" \"Mozilla/5.0 (X11)\"",
         "GET", "", "/x", "https://a.example/", 200, 612},
	{"combined and more at its end",
         "2001:db8::1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/2.0\" 304 0 "
         "\"https://a.example/\" \"M\" \"-\" rt=0.001",
         "GET", "", "/x", "https://a.example/", 304, 0},
	{"a user with spaces",
         "192.0.2.1 - Jane Doe [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 1 "
         "\"-\" \"M\"",
         "GET", "", "/x", "", 200, 1},
	{"Apache, bytes missing",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 304 - "
         "\"https://a.example/\" \"M\"",
         "GET", "", "/x", "https://a.example/", 304, FR_LOG_UNKNOWN_BYTES},
	{"Apache, virtual host in front",
         "a.example:443 192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" "
         "200 1 \"-\" \"M\"",
         "GET", "a.example", "/x", "", 200, 1},
	{"common format", "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.0\" 200 1",
         "GET", "", "/x", "", 200, 1},
	{"through syslog",
         "Nov 28 10:00:00 web1 nginx[12]: 192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] "
         "\"GET /x HTTP/1.1\" 200 1 \"-\" \"M\"",
         "GET", "", "/x", "", 200, 1},
	{"JSON through a journal",
         "Nov 28 10:00:00 web1 forerun[12]: {\"host\":\"a.example\",\"target\":\"/x\","
         "\"status\":200}",
         "", "a.example", "/x", "", 200, FR_LOG_UNKNOWN_BYTES},
	{"a target with its host",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET http://a.example/x HTTP/1.1\" "
         "200 1 \"-\" \"M\"",
         "GET", "a.example", "/x", "", 200, 1},
	{"a quote within quotes",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 1 "
         "\"https://a.example/\\\"q\" \"a \\\"b\\\" c\"",
         "GET", "", "/x", "https://a.example/\\\"q", 200, 1},
};

static void lines_of_many_servers_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(lines); i++) {
		struct fr_log_line l;

		print_message("%s\n", lines[i].what);
		assert_true(fr_log_line_read(S(lines[i].line), NULL, &l));
		assert_str(l.method, lines[i].method);
		assert_str(l.host, lines[i].host);
		assert_str(l.target, lines[i].target);
		assert_str(l.referer, lines[i].referer);
		assert_int_equal(l.status, lines[i].status);
		assert_true(l.bytes == lines[i].bytes);
		fr_log_line_fini(&l);
	}
}

static void what_is_no_request_is_not_understood(void **state)
{
	static const char *const rows[] = {
		"",
		"-",
		"{",
		"{}",
		"[]",
		"null",
		"{\"target\":\"/x\"}",
		"{\"target\":1,\"host\":[],\"status\":200}",
		"{\"target\":{},\"status\":{}}",
		"{\"request\":[],\"status\":200}",
		"{\"request\":{\"uri\":{}},\"status\":200}",
		"{\"log\":{\"entries\":[]}}",
		"{\"startedDateTime\":\"x\",\"request\":{\"method\":\"GET\",\"url\":\"https://s/"
		"\"}}",
		"127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1",
		"127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] \"-\" 400 0 \"-\" \"-\"",
		"127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] \"\\x16\\x03\" 400 0 \"-\" \"-\"",
		"127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" abc 0",
		"127.0.0.1 - - [28/Nov/2026:10:00:00 +0000",
		"[28/Nov/2026:10:00:00",
		"2026/11/28 10:00:00 [error] 12#12: *1 connect() failed",
		"Nov 28 10:00:00 lb haproxy[12]: 192.0.2.1:5 [28/Nov/2026:10:00:00.1] fe be/s "
		"0/0/0/1/1 200 123 - - ---- 1/1/0/0/0 0/0 \"GET /x HTTP/1.1\"",
		"\x01\x02\xff\xfe",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_log_line l;

		if (fr_log_line_read(S(rows[i]), NULL, &l))
			fail_msg("understood: %s", rows[i]);
	}
}

static void a_template_names_the_fields(void **state)
{
	static const struct {
		const char *template, *line, *target, *referer;
	} rows[] = {
		{"{time} {client} {status} {target} {referer}",
	         "2026-11-28T10:00:00Z 192.0.2.1 200 /x https://s/", "/x", "https://s/"},
		{"{status}|{target}|\"{user_agent}\"|{referer}|", "200|/x|\"a b | c\"|-|", "/x",
	         ""},
		{"> {target}", "> /x", "/x", ""},
		{"{target} end", "/a b end", "/a b", ""},
		{"{target} {bytes}", "/x", NULL, NULL}, /* too short */
		{"> {target}", "/x", NULL, NULL},
	};
	static const char *const bad[] = {"",        "plain",   "{client}", "{target}{status}",
	                                  "{target", "target}", "{}",       "{target} }"};
	struct fr_log_template t;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_log_line l;
		bool is;

		print_message("%s\n", rows[i].template);
		assert_int_equal(fr_log_template_read(S(rows[i].template), &t), 0);
		is = fr_log_line_read(S(rows[i].line), &t, &l);
		assert_int_equal(is, rows[i].target != NULL);
		if (!is)
			continue;
		assert_str(l.target, rows[i].target);
		assert_str(l.referer, rows[i].referer);
		fr_log_line_fini(&l);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (fr_log_template_read(S(bad[i]), &t) == 0)
			fail_msg("taken: %s", bad[i]);
}

/* --- what counts --- */

static const struct fr_log_reader_form no_host = {.scheme = "https", .host = "s"};

/* LOADS loads of https://s/, in each of which there is that line, too. The links that are
 * advised, with ", " between them. */
static void advised(const char *line, const char *page, char *out, size_t cap)
{
	struct fr_log_reader *l = fr_log_reader_new(&no_host);
	struct fr_advice a;
	size_t at = 0;

	for (unsigned i = 0; i < LOADS; i++) {
		assert_true(fr_log_reader_line(l, S(page)));
		(void)fr_log_reader_line(l, S(line));
	}
	*out = '\0';
	for (size_t p = 0; p < fr_log_reader_pages(l); p++) {
		fr_log_reader_advise(l, p, &a);
		for (size_t i = 0; i < a.n_links; i++)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? ", " : "",
			                       a.links[i]);
		fr_advice_fini(&a);
	}
	fr_log_reader_free(&l);
}

static const struct {
	const char *what, *line, *links;
} requests[] = {
	{"a style sheet", JSON("/a.css", FROM_PAGE), "</a.css>; rel=preload; as=style"},
	{"a font", JSON("/f.woff2", FROM_PAGE), "</f.woff2>; rel=preload; as=font; crossorigin"},
	{"a picture", JSON("/i.png", FROM_PAGE), ""},
	{"a Referer with query and fragment", JSON("/a.css", ",\"referer\":\"https://S/?q#f\""),
         "</a.css>; rel=preload; as=style"},
	{"behind a proxy that speaks TLS for it",
         "{\"host\":\"s\",\"scheme\":\"http\",\"status\":200,\"target\":\"/a.css\"" FROM_PAGE "}",
         "</a.css>; rel=preload; as=style"},
	{"no Referer", JSON("/a.css", ""), ""},
	{"a Referer that is none", JSON("/a.css", ",\"referer\":\"about:blank\""), ""},
	{"another page of the host", JSON("/a.css", ",\"referer\":\"https://s/other\""), ""},
	{"a page of another host", JSON("/a.css", ",\"referer\":\"https://t/\""), ""},
	{"an asset of another host",
         "{\"host\":\"cdn.example\",\"status\":200,\"target\":\"/a.css\"" FROM_PAGE "}",
         "<https://cdn.example/a.css>; rel=preload; as=style"},
	{"of another host, with a version that no rule finds",
         "{\"host\":\"cdn.example\",\"status\":200,\"target\":\"/a.css?v=3\"" FROM_PAGE "}", ""},
	{"POST",
         "{\"host\":\"s\",\"status\":200,\"method\":\"POST\",\"target\":\"/"
         "a.css\"" FROM_PAGE "}",
         ""},
	{"HEAD",
         "{\"host\":\"s\",\"status\":200,\"method\":\"HEAD\",\"target\":\"/"
         "a.css\"" FROM_PAGE "}",
         ""},
	{"304", "{\"host\":\"s\",\"status\":304,\"target\":\"/a.css\"" FROM_PAGE "}",
         "</a.css>; rel=preload; as=style"},
	{"404", "{\"host\":\"s\",\"status\":404,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"301", "{\"host\":\"s\",\"status\":301,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"206", "{\"host\":\"s\",\"status\":206,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"403", "{\"host\":\"s\",\"status\":403,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"502", "{\"host\":\"s\",\"status\":502,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"status 1200", "{\"host\":\"s\",\"status\":1200,\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"no status", "{\"host\":\"s\",\"target\":\"/a.css\"" FROM_PAGE "}", ""},
	{"cut short", JSON("/a.css", FROM_PAGE ",\"end\":\"cancelled\""), ""},
	{"refused", JSON("/a.css", FROM_PAGE ",\"end\":\"refused\""), ""},
	{"whole", JSON("/a.css", FROM_PAGE ",\"end\":\"completed\""),
         "</a.css>; rel=preload; as=style"},
	{"of the administration", JSON("/wp-admin/css/a.css", FROM_PAGE), ""},
	{"by a robot", JSON("/a.css", FROM_PAGE ",\"user_agent\":\"Googlebot/2.1\""), ""},
	{"a target with a quote", JSON("/a\\\".css", FROM_PAGE), ""},
	{"a target that ends a link", JSON("/a>;rel=x.css", FROM_PAGE), ""},
	{"a target with a newline", JSON("/a\\n.css", FROM_PAGE), ""},
	{"no path", JSON("*.css", FROM_PAGE), ""},
	{"by what the browser says it is for",
         "{\"status\":200,\"request\":{\"host\":\"s\",\"method\":\"GET\",\"uri\":\"/css\","
         "\"headers\":{\"Referer\":[\"https://s/"
         "\"],\"Sec-Fetch-Dest\":[\"style\"]},\"tls\":{}}}",
         "</css>; rel=preload; as=style"},
	{"by its type",
         "{\"status\":200,\"request\":{\"host\":\"s\",\"method\":\"GET\",\"uri\":\"/css\","
         "\"headers\":{\"Referer\":[\"https://s/"
         "\"]},\"tls\":{}},\"resp_headers\":{\"Content-Type\":"
         "[\"text/css; charset=utf-8\"]}}",
         "</css>; rel=preload; as=style"},
	{"combined",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /a.css HTTP/1.1\" 200 9 "
         "\"https://s/\" \"M\"",
         "</a.css>; rel=preload; as=style"},
	{"combined, 404",
         "192.0.2.1 - - [28/Nov/2026:10:00:00 +0000] \"GET /a.css HTTP/1.1\" 404 9 "
         "\"https://s/\" \"M\"",
         ""},
	/* versions */
	{"a version in the query", JSON("/a.css?ver=6.1.9", FROM_PAGE),
         "</a.css?ver=*>; rel=preload; as=style"},
	{"a version in the name", JSON("/app.3f2a9c1d.js", FROM_PAGE),
         "</app.*.js>; rel=preload; as=script"},
	/* sizes */
	{"a large script", JSON("/a.js", FROM_PAGE ",\"bytes\":822000"), ""},
	{"a large style sheet, without which nothing is drawn",
         JSON("/a.css", FROM_PAGE ",\"bytes\":822000"), "</a.css>; rel=preload; as=style"},
};

static void only_what_a_page_of_the_host_got_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(requests); i++) {
		char links[512];

		advised(requests[i].line, JSON("/", ""), links, sizeof links);
		if (strcmp(links, requests[i].links) != 0)
			fail_msg("%s: advised '%s', not '%s'", requests[i].what, links,
			         requests[i].links);
	}
}

static void only_loads_by_visitors_count(void **state)
{
	static const struct {
		const char *what, *page, *referer;
		bool counts;
	} rows[] = {
		{"a page", JSON("/p", ""), "https://s/p", true},
		{"a page with a query", JSON("/p?utm=1", ""), "https://s/p", true},
		{"a login", JSON("/login", ""), "https://s/login", false},
		{"a login with an ending", JSON("/login.php?next=/", ""), "https://s/login.php",
	         false},
		{"WordPress' login", JSON("/wp-login.php", ""), "https://s/wp-login.php", false},
		{"an administration", JSON("/wp-admin/edit.php", ""), "https://s/wp-admin/edit.php",
	         false},
		{"below another folder", JSON("/shop/Admin/x", ""), "https://s/shop/Admin/x",
	         false},
		{"a name that only begins so", JSON("/administer-first-aid", ""),
	         "https://s/administer-first-aid", true},
		{"a redirect", "{\"host\":\"s\",\"status\":302,\"target\":\"/p\"}", "https://s/p",
	         false},
		{"a prefetch", JSON("/p", ",\"purpose\":\"prefetch\""), "https://s/p", false},
		{"a robot", JSON("/p", ",\"user_agent\":\"AhrefsBot\""), "https://s/p", false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char line[256], links[256];

		(void)snprintf(line, sizeof line,
		               "{\"host\":\"s\",\"status\":200,\"target\":\"/a.css\",\"referer\":"
		               "\"%s\"}",
		               rows[i].referer);
		advised(line, rows[i].page, links, sizeof links);
		if (rows[i].counts != (*links != '\0'))
			fail_msg("%s: '%s'", rows[i].what, links);
	}
}

static void put(struct fr_log_reader *l, const char *format, unsigned a, unsigned b)
{
	char line[512];

	(void)snprintf(line, sizeof line, format, a, b);
	assert_true(fr_log_reader_line(l, S(line)));
}

static bool says(const struct fr_advice *a, enum fr_advice_kind kind, const char *text)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->items[i].kind == kind && strstr(a->items[i].text, text))
			return true;
	return false;
}

static void updates_of_an_asset_are_one_and_sizes_are_weighed(void **state)
{
	static const struct fr_network slow = {.name = "slow", .down_kbit = 4000};
	const struct fr_log_reader_form form = {.network = &slow};
	struct fr_log_reader *l = fr_log_reader_new(&form);
	struct fr_advice a;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		/* 100 ms of the origin's time: the link carries 50 KB, at least 64 KiB count */
		put(l, JSON("/", ",\"origin_first_byte_us\":10%u000,\"bytes\":%u"), i, 5000);
		put(l, JSON("/a.css?ver=%u", FROM_PAGE ",\"bytes\":%u"), i, 20000);
		put(l, JSON("/b-%08xabc.js", FROM_PAGE ",\"bytes\":%u"), 0x12345 + i, 30000);
		put(l, JSON("/c.js", FROM_PAGE ",\"x\":%u,\"bytes\":%u"), i, 40000);
		if (i < 6)
			put(l, JSON("/d.woff2", FROM_PAGE ",\"x\":%u,\"bytes\":%u"), i, 200000);
	}
	assert_int_equal(fr_log_reader_pages(l), 1);
	fr_log_reader_advise(l, 0, &a);
	assert_int_equal(a.n_links, 2);
	assert_string_equal(a.links[0], "</a.css?ver=*>; rel=preload; as=style");
	assert_string_equal(a.links[1], "</b-*.js>; rel=preload; as=script");
	assert_true(says(&a, FR_ADVICE_LARGE, "/c.js (40 KiB) is left out"));
	assert_true(says(&a, FR_ADVICE_LARGE,
	                 "/d.woff2 is left out: 196 KiB, and asked for in 60 % of the loads only"));
	fr_advice_fini(&a);
	fr_log_reader_free(&l);
}

static void fonts_of_a_style_sheet_are_the_pages(void **state)
{
	struct fr_log_reader *l = fr_log_reader_new(NULL);
	struct fr_advice a;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		put(l, JSON("/", ",\"x\":%u,\"bytes\":%u"), i, 5000);
		put(l, JSON("/app.%08xabc.css?v=%u", FROM_PAGE), 0x12345 + i, i);
		put(l, JSON("/text.woff2", ",\"referer\":\"https://s/app.%08xabc.css?v=%u\""),
		    0x12345 + i, i);
		put(l, JSON("/bg.png", ",\"referer\":\"https://s/app.%08xabc.css?v=%u\""),
		    0x12345 + i, i);
		if (i < 4)
			put(l,
			    JSON("/rare.woff2", ",\"referer\":\"https://s/app.%08xabc.css?v=%u\""),
			    0x12345 + i, i);
		/* another page has the sheet in few of its loads */
		put(l, JSON("/other", ",\"x\":%u,\"bytes\":%u"), i, 5000);
		if (i < 3)
			put(l, JSON("/app.%08xabc.css?v=%u", ",\"referer\":\"https://s/other\""),
			    0x12345 + i, i);
	}
	assert_int_equal(fr_log_reader_pages(l), 2);
	for (size_t i = 0; i < 2; i++) {
		fr_log_reader_advise(l, i, &a);
		if (strcmp(a.url, "https://s/") == 0) {
			assert_int_equal(a.n_links, 2);
			assert_string_equal(a.links[0], "</app.*.css?v=*>; rel=preload; as=style");
			assert_string_equal(a.links[1],
			                    "</text.woff2>; rel=preload; as=font; crossorigin");
		} else {
			assert_int_equal(a.n_links, 0);
		}
		fr_advice_fini(&a);
	}
	fr_log_reader_free(&l);
}

static void invented_pages_do_not_displace_loaded_ones(void **state)
{
	struct fr_log_reader *l = fr_log_reader_new(NULL);

	(void)state;
	for (unsigned i = 0; i < LOADS; i++)
		put(l, JSON("/real", ",\"x\":%u,\"bytes\":%u"), i, 1);
	for (unsigned i = 0; i < 3 * FR_LOG_READER_MAX_PAGES; i++)
		put(l, JSON("/a.css", ",\"referer\":\"https://s/%u\",\"x\":%u"), i, 1);
	assert_int_equal(fr_log_reader_pages(l), 1);
	assert_int_equal(fr_log_reader_counts(l)->not_understood, 0);
	fr_log_reader_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_many_servers_are_understood),
		cmocka_unit_test(what_is_no_request_is_not_understood),
		cmocka_unit_test(a_template_names_the_fields),
		cmocka_unit_test(only_what_a_page_of_the_host_got_counts),
		cmocka_unit_test(only_loads_by_visitors_count),
		cmocka_unit_test(updates_of_an_asset_are_one_and_sizes_are_weighed),
		cmocka_unit_test(fonts_of_a_style_sheet_are_the_pages),
		cmocka_unit_test(invented_pages_do_not_displace_loaded_ones),
	};

	RUN(tests);
}
