/* HAR files as browsers and tools write them: the page that is found in them, what
 * each entry is for, what hints may name, and text that a strict parser refuses. */
#include <jansson.h>
#include <stdio.h>

#include "lab/replay/advice.h"
#include "lab/report/har.h"
#include "lab/report/har_text.h"
#include "unit.h"

#define PAGE "https://s.example/"

/* Entries are written as JSON with single quotes, which are easier to read here. */
static json_t *parse(const char *text)
{
	char copy[16384];
	json_t *j;

	assert_true(strlen(text) < sizeof copy);
	for (size_t i = 0; i <= strlen(text); i++)
		copy[i] = text[i] == '\'' ? '"' : text[i];
	j = fr_har_parse(fr_str_from(copy), NULL);
	assert_non_null(j);
	return j;
}

/* "{'request':...}" of one entry. more: further members of the entry and fields of
 * the request, each may be "". */
static const char *entry(const char *url, unsigned at_ms, const char *type, const char *method,
                         int status, const char *request_fields, const char *more)
{
	static char texts[64][1024];
	static unsigned next;
	char *out = texts[next++ % 64];

	(void)snprintf(
		out, sizeof texts[0],
		"{'startedDateTime':'2026-03-01T10:00:%02u.%03uZ','time':100,"
		"'request':{'method':'%s','url':'%s','headers':[%s]},"
		"'response':{'status':%d,'headers':[{'name':'Cache-Control','value':'max-age=60'}],"
		"'content':{'size':3000,'mimeType':'%s'},'bodySize':3000},'timings':{'receive':10}"
		"%s%s}",
		at_ms / 1000, at_ms % 1000, method, url, request_fields, status, type,
		*more ? "," : "", more);
	return out;
}

static const char *document(unsigned at_ms)
{
	return entry(PAGE, at_ms, "text/html", "GET", 200, "", "");
}

static void read_har(const char *pages, const char *const *entries, size_t n,
                     struct fr_measurement *l)
{
	char text[16000];
	const char *why = NULL;
	size_t at;
	json_t *j;

	at = (size_t)snprintf(text, sizeof text, "{'log':{'version':'1.2',%s'entries':[", pages);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? "," : "",
		                       entries[i]);
	(void)snprintf(text + at, sizeof text - at, "]}}");
	j = parse(text);
	if (fr_measurement_from_har(j, l, &why) < 0)
		fail_msg("%s", why);
	json_decref(j);
}

static const struct fr_measurement_entry *find(const struct fr_measurement *l, const char *url)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->entries[i].url, url) == 0)
			return &l->entries[i];
	return NULL;
}

/* --- the page --- */

static void the_page_is_the_first_document_that_was_loaded(void **state)
{
	const char *const redirect =
		entry("http://s.example/", 0, "text/html", "GET", 301, "", "'pageref':'a'");
	const struct {
		const char *what, *pages;
		const char *entries[4];
		size_t n;
	} rows[] = {
		{"plain",
	         "",
	         {document(0), entry(PAGE "a.css", 10, "text/css", "GET", 200, "", "")},
	         2},
		{"unsorted",
	         "",
	         {entry(PAGE "a.css", 10, "text/css", "GET", 200, "", ""), document(0)},
	         2},
		{"redirect",
	         "",
	         {redirect, document(300),
	          entry(PAGE "a.css", 310, "text/css", "GET", 200, "", "")},
	         3},
		{"redirect as a page of its own",
	         "'pages':[{'id':'a'},{'id':'b'}],",
	         {redirect, entry(PAGE, 300, "text/html", "GET", 200, "", "'pageref':'b'"),
	          entry(PAGE "a.css", 310, "text/css", "GET", 200, "", "'pageref':'b'")},
	         3},
		{"a page without entries",
	         "'pages':[{'id':'blank'},{'id':'b'}],",
	         {entry(PAGE, 0, "text/html", "GET", 200, "", "'pageref':'b'"),
	          entry(PAGE "a.css", 310, "text/css", "GET", 200, "", "'pageref':'b'")},
	         2},
		{"pageref of no page",
	         "'pages':[{'id':'x'}],",
	         {entry(PAGE, 0, "text/html", "GET", 200, "", "'pageref':'y'"),
	          entry(PAGE "a.css", 310, "text/css", "GET", 200, "", "'pageref':'y'")},
	         2},
		{"a form that was posted first",
	         "",
	         {entry(PAGE "login", 0, "text/html", "POST", 200, "", ""), document(50),
	          entry(PAGE "a.css", 60, "text/css", "GET", 200, "", "")},
	         3},
		{"a frame that began first",
	         "",
	         {entry("https://ads.example/", 0, "text/html", "GET", 200,
	                "{'name':'Sec-Fetch-Dest','value':'iframe'}", ""),
	          document(50), entry(PAGE "a.css", 60, "text/css", "GET", 200, "", "")},
	         3},
		{"an extension's entry",
	         "",
	         {entry("chrome-extension://x/y.js", 0, "text/javascript", "GET", 200, "", ""),
	          document(50), entry(PAGE "a.css", 60, "text/css", "GET", 200, "", "")},
	         3},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_measurement l;

		print_message("%s\n", rows[i].what);
		read_har(rows[i].pages, rows[i].entries, rows[i].n, &l);
		assert_string_equal(l.url, PAGE);
		assert_int_equal(l.n, 2);
		assert_string_equal(l.entries[1].url, PAGE "a.css");
		assert_int_equal(l.entries[1].parent, 0);
		assert_int_equal(l.entries[0].start_us, 0);
		fr_measurement_fini(&l);
	}
}

/* A redirect from url to where `more` says; fields of the response. */
static const char *redirect(const char *url, unsigned at_ms, const char *to, const char *fields)
{
	static char texts[16][512];
	static unsigned next;
	char *out = texts[next++ % 16];

	(void)snprintf(out, sizeof texts[0],
	               "{'startedDateTime':'2026-03-01T10:00:00.%03uZ','time':10,"
	               "'request':{'method':'GET','url':'%s','headers':[]},"
	               "'response':{'status':301,'redirectURL':'%s','headers':[%s],"
	               "'content':{'size':0,'mimeType':'text/html'},'bodySize':0},'timings':{}}",
	               at_ms, url, to, fields);
	return out;
}

static void redirects_that_led_to_the_page_are_counted(void **state)
{
	const struct {
		const char *what;
		const char *entries[4];
		size_t n;
		unsigned redirects;
	} rows[] = {
		{"none", {document(0)}, 1, 0},
		{"to https", {redirect("http://s.example/", 0, PAGE, ""), document(300)}, 2, 1},
		{"two, the second with a relative target",
	         {redirect("http://s.example/old", 0, "https://s.example/old", ""),
	          redirect(PAGE "old", 100, "/", ""), document(300)},
	         3,
	         2},
		{"with its port",
	         {redirect("http://s.example/", 0, "https://s.example:443/", ""), document(300)},
	         2,
	         1},
		{"by the field alone",
	         {redirect("http://s.example/", 0, "",
	                   "{'name':'Location','value':'https://s.example/'}"),
	          document(300)},
	         2,
	         1},
		{"without a word of its target, just before",
	         {redirect("http://s.example/", 0, "", ""), document(300)},
	         2,
	         1},
		{"of an asset, before",
	         {redirect(PAGE "pixel", 0, "https://t.example/", ""), document(300)},
	         2,
	         0},
		{"of an asset, after",
	         {document(0), redirect(PAGE "a.css", 300, PAGE "b.css", "")},
	         2,
	         0},
		{"round in a circle",
	         {redirect(PAGE, 0, PAGE, ""), redirect(PAGE, 100, PAGE, ""), document(300)},
	         3,
	         2},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_measurement l;

		print_message("%s\n", rows[i].what);
		read_har("", rows[i].entries, rows[i].n, &l);
		assert_string_equal(l.url, PAGE);
		assert_int_equal(l.n_redirects, rows[i].redirects);
		fr_measurement_fini(&l);
	}
}

static void times_have_zones_and_days(void **state)
{
	const char *const entries[] = {
		"{'startedDateTime':'2026-03-01T23:59:59.900Z','time':50,"
		"'request':{'method':'GET','url':'" PAGE "'},"
		"'response':{'status':200,'content':{'mimeType':'text/html'}}}",
		"{'startedDateTime':'2026-03-02T01:00:00.100+01:00','time':50,"
		"'request':{'method':'GET','url':'" PAGE "a.css'},"
		"'response':{'status':200,'content':{'mimeType':'text/css'}}}",
		"{'startedDateTime':'never','time':50,'request':{'method':'GET','url':'" PAGE
		"b.css'},'response':{'status':200,'content':{'mimeType':'text/css'}}}",
	};
	struct fr_measurement l;

	(void)state;
	read_har("", entries, FR_ARRAY_LEN(entries), &l);
	assert_int_equal(l.n, 3);
	assert_true(find(&l, PAGE "a.css")->start_us == 200000);
	assert_true(find(&l, PAGE "b.css")->start_us == 200000);
	fr_measurement_fini(&l);
}

static void a_file_without_a_page_says_so(void **state)
{
	static const char *const texts[] = {
		"{'log':{'entries':[]}}",
		"{'log':{'pages':[]}}",
		"{'log':{'entries':[{'request':{'method':'POST','url':'https://s/'},"
		"'response':{'status':200}}]}}",
		"{'log':{'entries':[{'request':{'method':'GET','url':'https://s/'},"
		"'response':{'status':0}}]}}",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++) {
		json_t *j = parse(texts[i]);
		const char *why = NULL;
		struct fr_measurement l;

		assert_int_equal(fr_measurement_from_har(j, &l, &why), FR_ERR_SYNTAX);
		assert_non_null(strstr(why, "HAR file without"));
		json_decref(j);
	}
}

/* --- entries --- */

static void what_an_entry_is_follows_its_destination(void **state)
{
	static const struct {
		const char *file, *type, *request_fields, *more;
		const char *link; /* NULL: nothing that a hint can name */
	} rows[] = {
		{"a.css", "text/css", "", "", "</a.css>; rel=preload; as=style"},
		{"a", "text/css; charset=utf-8", "", "", "</a>; rel=preload; as=style"},
		{"a.js", "application/x-javascript", "", "", "</a.js>; rel=preload; as=script"},
		{"f.woff2", "application/octet-stream", "", "",
	         "</f.woff2>; rel=preload; as=font; crossorigin"},
		{"f", "application/octet-stream", "", "'_resourceType':'font'",
	         "</f>; rel=preload; as=font; crossorigin"},
		{"f", "text/plain", "{'name':'sec-fetch-dest','value':'font'}", "",
	         "</f>; rel=preload; as=font; crossorigin"},
		{"m.js", "text/javascript",
	         "{'name':'Sec-Fetch-Dest','value':'script'},{'name':'Sec-Fetch-Mode','value':'"
	         "cors'}",
	         "", "</m.js>; rel=modulepreload"},
		{"m.mjs?v=1", "text/javascript", "", "", "</m.mjs?v=1>; rel=modulepreload"},
		{"d", "application/json", "{'name':'Sec-Fetch-Dest','value':'empty'}", "",
	         "</d>; rel=preload; as=fetch; crossorigin"},
		{"i.png", "image/png", "", "", "</i.png>; rel=preload; as=image"},
		{"w.js", "text/javascript", "{'name':'Sec-Fetch-Dest','value':'worker'}", "", NULL},
		{"v.mp4", "video/mp4", "", "'_resourceType':'media'", NULL},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char url[128];
		const char *entries[2];
		const struct fr_measurement_entry *e;
		struct fr_measurement l;
		char *link;

		(void)snprintf(url, sizeof url, PAGE "%s", rows[i].file);
		entries[0] = document(0);
		entries[1] = entry(url, 10, rows[i].type, "GET", 200, rows[i].request_fields,
		                   rows[i].more);
		read_har("", entries, 2, &l);
		e = find(&l, url);
		assert_non_null(e);
		link = fr_advice_link(fr_advice_target(l.url, e->url), e->as, e->flags);
		if (rows[i].link)
			assert_string_equal(link, rows[i].link);
		else
			assert_true(e->as == FR_AS_WORKER || e->as == FR_AS_VIDEO);
		free(link);
		fr_measurement_fini(&l);
	}
}

static void what_no_hint_can_name_is_left_out(void **state)
{
	const char *const rows[] = {
		entry(PAGE "x", 10, "application/json", "POST", 200, "", ""),
		entry(PAGE "x", 10, "", "OPTIONS", 204, "", "'_resourceType':'preflight'"),
		entry(PAGE "x", 10, "image/gif", "GET", 200, "", "'_resourceType':'ping'"),
		entry(PAGE "x", 10, "text/event-stream", "GET", 200, "",
	              "'_resourceType':'eventsource'"),
		entry(PAGE "favicon.ico", 10, "image/x-icon", "GET", 200, "", ""),
		entry(PAGE "x.webmanifest", 10, "application/manifest+json", "GET", 200,
	              "{'name':'Sec-Fetch-Dest','value':'manifest'}", ""),
		entry(PAGE "next", 10, "text/html", "GET", 200,
	              "{'name':'Sec-Purpose','value':'prefetch'}", ""),
		entry(PAGE "frame", 10, "text/html", "GET", 200,
	              "{'name':'Sec-Fetch-Dest','value':'iframe'}", ""),
		entry(PAGE "favicon-32x32.png", 10, "image/png", "GET", 200, "", ""),
		entry(PAGE "apple-touch-icon.png?v=2", 10, "image/png", "GET", 200, "", ""),
		entry(PAGE "logo.png", 10, "image/png", "GET", 200, "", "'_resourceType':'other'"),
		entry(PAGE "csp", 10, "", "GET", 200, "{'name':'Sec-Fetch-Dest','value':'report'}",
	              ""),
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *entries[] = {document(0), rows[i]};
		struct fr_measurement l;

		read_har("", entries, 2, &l);
		assert_int_equal(l.n, 1);
		fr_measurement_fini(&l);
	}
}

static void what_blocks_is_known_without_a_browsers_own_fields(void **state)
{
	static const struct {
		const char *type, *more, *request_fields;
		bool blocks;
	} rows[] = {
		{"text/css", "", "", true},
		{"text/css", "'_priority':'VeryHigh'", "", true},
		{"text/css", "'_priority':'high'", "", true},     /* Safari */
		{"text/css", "'_priority':'VeryLow'", "", false}, /* media=print */
		{"text/css", "'_renderBlocking':'non_blocking'", "", false},
		{"text/javascript", "'_priority':'High'", "", true},
		{"text/javascript", "'_priority':'High'",
	         "{'name':'Sec-Fetch-Mode','value':'cors'}", false}, /* a module */
		{"text/javascript", "", "", false},
		{"image/png", "'_priority':'VeryHigh'", "", false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *entries[] = {document(0), entry(PAGE "x", 10, rows[i].type, "GET", 200,
		                                            rows[i].request_fields, rows[i].more)};
		struct fr_measurement l;

		read_har("", entries, 2, &l);
		assert_int_equal(!!(l.entries[1].flags & FR_ENTRY_BLOCKING), rows[i].blocks);
		fr_measurement_fini(&l);
	}
}

static void what_was_compressed_is_no_plain_text(void **state)
{
	static const struct {
		const char *sizes;
		bool is_plain;
	} rows[] = {
		{"'content':{'size':9000,'mimeType':'text/css'},'bodySize':9000", true},
		{"'content':{'size':9000,'mimeType':'text/css'},'bodySize':-1", true},
		{"'content':{'size':9000,'compression':6000,'mimeType':'text/css'},'bodySize':3000",
	         false},
		{"'content':{'size':9000,'compression':6000,'mimeType':'text/css'},'bodySize':-1",
	         false},
		{"'content':{'size':9000,'mimeType':'text/css'},'bodySize':3000", false},
	};
	const struct fr_network network = {.name = "n", .down_kbit = 9000, .rtt_ms = 100};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char css[512];
		const char *entries[] = {document(0), css};
		struct fr_measurement l;
		struct fr_advice a;
		bool says = false;

		(void)snprintf(css, sizeof css,
		               "{'startedDateTime':'2026-03-01T10:00:00.100Z','time':100,"
		               "'request':{'method':'GET','url':'" PAGE "a.css','headers':[]},"
		               "'response':{'status':200,'headers':[{'name':'x','value':'y'}],%s},"
		               "'timings':{'receive':10}}",
		               rows[i].sizes);
		read_har("", entries, 2, &l);
		fr_advice_make(&l, NULL, &network, &a);
		for (size_t k = 0; k < a.n; k++)
			says |= a.items[k].kind == FR_ADVICE_TEXT &&
			        strstr(a.items[k].text, "a.css");
		assert_int_equal(says, rows[i].is_plain);
		fr_advice_fini(&a);
		fr_measurement_fini(&l);
	}
}

static void initiators_have_three_forms(void **state)
{
	static const struct {
		const char *request_fields, *more;
	} rows[] = {
		{"", "'_initiator':{'type':'parser','url':'" PAGE "a.css'}"},
		{"", "'_initiator':'" PAGE "a.css'"},
		{"",
	         "'_initiator':{'type':'script','stack':{'callFrames':[{'url':'" PAGE "a.css'}]}}"},
		{"{'name':'Referer','value':'" PAGE "a.css'}", ""},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *entries[] = {document(0),
		                         entry(PAGE "a.css", 10, "text/css", "GET", 200, "", ""),
		                         entry(PAGE "f.woff2", 20, "font/woff2", "GET", 200,
		                               rows[i].request_fields, rows[i].more)};
		struct fr_measurement l;

		read_har("", entries, 3, &l);
		assert_int_equal(l.entries[2].parent, 1);
		fr_measurement_fini(&l);
	}
}

/* --- text --- */

static void text_that_tools_write_is_repaired(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: up to its NUL */
		const char *value;
	} rows[] = {
		{"\xef\xbb\xbf{\"a\":\"b\"}", 0, "b"},
		{"{\"a\":\"\\u0000\"}", 0, "\xef\xbf\xbd"},
		{"{\"a\":\"\\ud800\"}", 0, "\xef\xbf\xbd"},
		{"{\"a\":\"\\udc00x\"}", 0, "\xef\xbf\xbdx"},
		{"{\"a\":\"\\ud800\\ud800\"}", 0, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"a\":\"\\ud83d\\ude00\"}", 0, "\xf0\x9f\x98\x80"},
		{"{\"a\":\"\xff\xc3\"}", 0, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"a\":\"\xed\xa0\x80\"}", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"a\":\"\xc3\xa9\"}", 0, "\xc3\xa9"},
		{"{\"a\":\"x\x01y\"}", 0, "x y"},
		{"{\"n\":NaN,\"a\":\"NaN\"}", 0, "NaN"},
		{"{\"n\":[-Infinity,Infinity,-1],\"a\":\"b\"}", 0, "b"},
		{"{\"\\u0000\":1,\"a\":\"\\\\u0000\"}", 0, "\\u0000"},
		{"\xff\xfe{\0\"\0a\0\"\0:\0\"\0b\0\"\0}\0", 20, "b"},
		{"\xfe\xff\0{\0\"\0a\0\"\0:\0\"\0b\0\"\0}", 20, "b"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].text);
		json_t *j = fr_har_parse(fr_str_make(rows[i].text, len), NULL);

		print_message("row %zu\n", i);
		assert_non_null(j);
		assert_string_equal(json_string_value(json_object_get(j, "a")), rows[i].value);
		json_decref(j);
	}
	assert_null(fr_har_parse(S("{\"a\":"), NULL));
	assert_null(fr_har_parse(S(""), NULL));
	assert_null(fr_har_parse(fr_str_make("\xff\xfe{", 3), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_the_first_document_that_was_loaded),
		cmocka_unit_test(redirects_that_led_to_the_page_are_counted),
		cmocka_unit_test(times_have_zones_and_days),
		cmocka_unit_test(a_file_without_a_page_says_so),
		cmocka_unit_test(what_an_entry_is_follows_its_destination),
		cmocka_unit_test(what_no_hint_can_name_is_left_out),
		cmocka_unit_test(what_blocks_is_known_without_a_browsers_own_fields),
		cmocka_unit_test(what_was_compressed_is_no_plain_text),
		cmocka_unit_test(initiators_have_three_forms),
		cmocka_unit_test(text_that_tools_write_is_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
