/* Advice: replays that can be computed by hand, links worth to be added, what is
 * found wrong; profiles, HARs and access logs as sources; rules as YAML. */
#include <jansson.h>

#include "lab/advise/log_reader.h"
#include "lab/replay/rules.h"
#include "lab/report/har.h"
#include "lab/report/json.h"
#include "model_site.h"

#define MS 1000u

static const struct fr_network far = {.name = "far", .rtt_ms = 100};
static const struct model_network far_model = {.delay_us = 50 * MS};

static const struct model_file site[] = {
	{.path = "/",
         .type = "text/html",
         .think_ms = 300,
         .body = "<link rel=stylesheet href=/a.css><body><h1 class=t>x<img src=/p.png>",
         .link = "</old.css>; rel=preload; as=style, </f.woff2>; rel=preload; as=font, "
                 "</x.js>; rel=preload"},
	{.path = "/a.css",
         .type = "text/css",
         .cache_control = "max-age=60",
         .body = "@font-face{font-family:F;src:url(/f.woff2)}.t{font-family:F}"},
	{.path = "/old.css", .type = "text/css", .cache_control = "max-age=60", .body = "b{}"},
	{.path = "/f.woff2",
         .type = "font/woff2",
         .cache_control = "max-age=60",
         .body = "x",
         .padding = 5000},
	{.path = "/p.png", .type = "image/png", .cache_control = "max-age=60", .body = "x"},
};

static void load_site(struct fr_measurement *l)
{
	model_load(site, FR_ARRAY_LEN(site), &far_model, false, false, l);
}

static bool says(const struct fr_advice *a, enum fr_advice_kind kind, const char *text)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->items[i].kind == kind && strstr(a->items[i].text, text))
			return true;
	return false;
}

static bool has_link(const struct fr_advice *a, const char *link)
{
	for (size_t i = 0; i < a->n_links; i++)
		if (strcmp(a->links[i], link) == 0)
			return true;
	return false;
}

static struct fr_measurement_entry *add(struct fr_measurement *l, const char *url, enum fr_as as,
                                        unsigned flags, uint64_t bytes, int parent)
{
	struct fr_measurement_entry *e = fr_measurement_add(l, S(url));

	e->as = as;
	e->flags = flags | FR_ENTRY_NEEDED | FR_ENTRY_DONE | FR_ENTRY_CACHEABLE;
	e->bytes = bytes;
	e->parent = parent;
	e->status = 200;
	return e;
}

static void a_replay_is_what_can_be_computed(void **state)
{
	struct fr_replay_result r;
	bool early[3] = {false, true, true};
	struct fr_measurement l;

	(void)state;
	fr_measurement_init(&l, "https://s/");
	add(&l, "https://s/", FR_AS_DOCUMENT, 0, 1000, -1);
	add(&l, "https://s/a.css", FR_AS_STYLE, FR_ENTRY_BLOCKING, 1000, 0);
	add(&l, "https://s/f.woff2", FR_AS_FONT, 0, 1000, 1);
	r = fr_replay(&l, &far, 200 * MS, NULL, FR_DELIVERY_NONE);
	/* page: a round trip and 200; sheet: a round trip more; font: another */
	assert_int_equal(r.render_us, 400 * MS);
	assert_int_equal(r.text_us, 500 * MS);
	assert_int_equal(r.complete_us, 500 * MS);
	r = fr_replay(&l, &far, 20 * MS, early, FR_DELIVERY_PUSH);
	/* all there a way later, and the page 20 behind */
	assert_int_equal(r.complete_us, 120 * MS);
	r = fr_replay(&l, &far, 200 * MS, early, FR_DELIVERY_EARLY_HINTS);
	/* the 103 at 100, both there at 200, before the page */
	assert_int_equal(r.render_us, 300 * MS);
	assert_int_equal(r.complete_us, 300 * MS);
	fr_measurement_fini(&l);
}

static void what_blocks_and_what_comes_late_is_advised(void **state)
{
	struct fr_advice a;
	struct fr_measurement l;

	(void)state;
	load_site(&l);
	fr_advice_make(&l, NULL, &far, &a);
	assert_true(a.has_gain);
	assert_true(has_link(&a, "</a.css>; rel=preload; as=style"));
	assert_true(has_link(&a, "</f.woff2>; rel=preload; as=font; crossorigin"));
	assert_true(says(&a, FR_ADVICE_ADD, "Name "));
	assert_true(a.early_hints.render_us + 90 * MS < a.before.render_us);
	fr_advice_fini(&a);
	fr_measurement_fini(&l);
}

static void mistakes_of_links_are_found(void **state)
{
	struct fr_advice a;
	struct fr_measurement l;

	(void)state;
	load_site(&l);
	fr_advice_make(&l, NULL, &far, &a);
	assert_true(says(&a, FR_ADVICE_UNUSED, "/old.css names what the page does not need"));
	assert_true(says(&a, FR_ADVICE_MISTAKE, "the font /f.woff2 has no crossorigin"));
	assert_true(says(&a, FR_ADVICE_MISTAKE, "The link to /x.js has no as"));
	assert_true(says(&a, FR_ADVICE_MISTAKE, "Fetched twice: f.woff2"));
	fr_advice_fini(&a);
	fr_measurement_fini(&l);
}

/* One page with one Link value; its assets are style.css, script.js and i.png. */
static void advise_on(const char *html, const char *link, struct fr_advice *a)
{
	const struct model_file files[] = {
		{.path = "/", .type = "text/html", .think_ms = 300, .body = html, .link = link},
		{.path = "/style.css",
	         .type = "text/css",
	         .cache_control = "max-age=60",
	         .body = "@media (width >= 48rem){p{background:url(/wide.png)}}"},
		{.path = "/wide.png",
	         .type = "image/png",
	         .cache_control = "max-age=60",
	         .body = "x"},
		{.path = "/small.png",
	         .type = "image/png",
	         .cache_control = "max-age=60",
	         .body = "x"},
		{.path = "/script.js",
	         .type = "text/javascript",
	         .cache_control = "max-age=60",
	         .body = "go()"},
		{.path = "/i.png", .type = "image/png", .cache_control = "max-age=60", .body = "x"},
	};
	struct fr_measurement l;

	model_load(files, FR_ARRAY_LEN(files), &far_model, false, false, &l);
	fr_advice_make(&l, NULL, &far, a);
	fr_measurement_fini(&l);
}

static void what_is_to_be_taken_out_is_known_to_be_of_no_use(void **state)
{
	static const struct {
		const char *html, *link;
		const char *kind; /* of what is said of the link; NULL: nothing */
	} rows[] = {
		{"<p>x", "</style.css>; rel=preload; as=style", "unused"},
		{"<script>go()</script><p>x", "</style.css>; rel=preload; as=style", "unseen"},
		{"<script type=module src=/script.js></script><p>x",
	         "</i.png>; rel=preload; as=image", "unseen"},
		{"<body onload=go()>x", "</i.png>; rel=preload; as=image", "unseen"},
		{"<script type='application/json'>{}</script>x", "</i.png>; rel=preload; as=image",
	         "unused"},
		{"<link rel=stylesheet href=/style.css><p>x", "</wide.png>; rel=preload; as=image",
	         NULL},
		{"<p>x", "</i.png>; rel=preload; as=image; media=print", NULL},
		{"<img srcset='/small.png 400w, /wide.png 1600w' sizes=100vw>",
	         "</small.png>; rel=preload; as=image; imagesrcset=\"/small.png 400w, /wide.png "
	         "1600w\"; imagesizes=100vw",
	         NULL},
		{"<link rel=stylesheet href=/style.css><p>x",
	         "</style.css>; rel=preload; as=script", "mistake"},
		{"<img src=/i.png>", "</i.png>; rel=preload; as=fetch", "mistake"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *kind = NULL;
		struct fr_advice a;

		advise_on(rows[i].html, rows[i].link, &a);
		for (size_t k = 0; k < a.n; k++)
			if (strstr(a.items[k].text, "The link to"))
				kind = fr_advice_kind_str(a.items[k].kind);
		print_message("row %zu: %s\n", i, kind ? kind : "nothing");
		assert_int_equal(!!kind, !!rows[i].kind);
		if (kind)
			assert_string_equal(kind, rows[i].kind);
		assert_false(has_link(&a, "</style.css>; rel=preload; as=script"));
		fr_advice_fini(&a);
	}
}

static void where_nothing_is_to_gain_nothing_is_advised(void **state)
{
	const struct model_file plain[] = {
		{.path = "/", .type = "text/html", .body = "<style>b{}</style><body>x"}};
	struct fr_advice a;
	struct fr_measurement l;

	(void)state;
	model_load(plain, 1, &far_model, false, false, &l);
	fr_advice_make(&l, NULL, &far, &a);
	assert_false(a.has_gain);
	assert_int_equal(a.n_links, 0);
	assert_int_equal(a.n, 0);
	fr_advice_fini(&a);
	fr_measurement_fini(&l);
}

static void waste_and_other_hosts_are_named(void **state)
{
	struct fr_measurement off, push;
	struct fr_advice a;

	(void)state;
	fr_measurement_init(&off, "https://s/");
	add(&off, "https://s/", FR_AS_DOCUMENT, 0, 1000, -1);
	add(&off, "https://other/x.js", FR_AS_SCRIPT, FR_ENTRY_CROSS_ORIGIN, 1000, 0);
	add(&off, "https://s/n.js", FR_AS_SCRIPT, FR_ENTRY_BLOCKING, 1000, 0)->flags &=
		~(unsigned)FR_ENTRY_CACHEABLE;
	fr_measurement_init(&push, "https://s/");
	add(&push, "https://s/", FR_AS_DOCUMENT, 0, 1000, -1);
	add(&push, "https://s/u.css", FR_AS_STYLE, FR_ENTRY_PUSHED, 4096, 0)->flags &=
		~(unsigned)FR_ENTRY_NEEDED;
	fr_advice_make(&off, &push, &far, &a);
	assert_true(says(&a, FR_ADVICE_THIRD_PARTY, "x.js"));
	assert_true(says(&a, FR_ADVICE_UNUSED, "(4 KiB): u.css"));
	assert_true(says(&a, FR_ADVICE_CACHING, "n.js"));
	assert_false(has_link(&a, "</n.js>; rel=preload; as=script"));
	fr_advice_fini(&a);
	fr_measurement_fini(&off);
	fr_measurement_fini(&push);
}

static void a_load_survives_json_and_har(void **state)
{
	struct fr_profile p;
	struct fr_measurement l, back, from_har;
	const char *why;
	json_t *j, *har;

	(void)state;
	load_site(&l);
	fr_profile_init(&p, l.url);
	p.network = far;
	j = fr_measurement_to_json(&l);
	assert_int_equal(fr_measurement_from_json(j, l.url, &back), 0);
	assert_int_equal(back.n, l.n);
	for (size_t i = 0; i < l.n; i++) {
		assert_string_equal(back.entries[i].url, l.entries[i].url);
		assert_int_equal(back.entries[i].flags, l.entries[i].flags);
		assert_int_equal(back.entries[i].bytes, l.entries[i].bytes);
		assert_int_equal(back.entries[i].end_us, l.entries[i].end_us);
		assert_int_equal(back.entries[i].parent, l.entries[i].parent);
	}
	assert_non_null(strstr(back.entries[0].response_fields, "/old.css"));
	fr_series_take(fr_profile_add(&p, FR_VARIANT_OFF), &l);
	har = fr_profile_to_har(&p);
	assert_int_equal(fr_measurement_from_har(har, &from_har, &why), 0);
	assert_int_equal(from_har.n, back.n);
	assert_int_equal(from_har.entries[1].as, back.entries[1].as);
	assert_true(llabs((long long)from_har.entries[1].end_us -
	                  (long long)back.entries[1].end_us) < 2 * MS);
	json_decref(j);
	json_decref(har);
	fr_measurement_fini(&back);
	fr_measurement_fini(&from_har);
	fr_profile_fini(&p);
}

static void what_is_no_profile_and_no_har_is_refused(void **state)
{
	static const char *const bad[] = {"{}", "{\"entries\":[]}", "[]", "{\"entries\":{}}",
	                                  "{\"log\":{\"entries\":[{\"request\":{\"url\":7}}]}}"};
	struct fr_measurement l;
	const char *why;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		json_t *j = json_loads(bad[i], 0, NULL);

		assert_int_equal(fr_measurement_from_json(j, "https://s/", &l), FR_ERR_SYNTAX);
		assert_int_equal(fr_measurement_from_har(j, &l, &why), FR_ERR_SYNTAX);
		json_decref(j);
	}
}

/* --- access logs --- */

static void line(struct fr_log_reader *l, const char *text)
{
	assert_true(fr_log_reader_line(l, S(text)));
}

static void a_log_tells_what_pages_need_and_what_clients_cancel(void **state)
{
	struct fr_log_reader *l = fr_log_reader_new(NULL);
	struct fr_advice a;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		char id[512], push[256];

		(void)snprintf(push, sizeof push,
		               "{\"host\":\"s\",\"target\":\"/big.js\",\"parent\":\"%u\","
		               "\"outcome\":\"cancelled\"}",
		               i + 1);
		/* a push's line may stand before its page's */
		if (i % 2)
			line(l, push);

		(void)snprintf(
			id, sizeof id,
			"{\"id\":\"%u\",\"scheme\":\"https\",\"host\":\"s\",\"target\":\"/p?q=%u\","
			"\"status\":200,\"plan\":[{\"url\":\"/big.js\",\"as\":\"script\","
			"\"delivery\":\"push\",\"reason\":\"pushed\"}]}",
			i + 1, i);
		line(l, id);
		line(l, "{\"host\":\"s\",\"target\":\"/a.css\",\"referer\":\"https://s/p?q=1\","
		        "\"status\":200}");
		if (i % 2 == 0)
			line(l, push);
	}
	line(l, "{\"host\":\"s\",\"target\":\"/rare\",\"status\":200}");
	assert_false(fr_log_reader_line(l, S("no JSON")));
	assert_int_equal(fr_log_reader_pages(l), 1);
	fr_log_reader_advise(l, 0, &a);
	assert_string_equal(a.url, "https://s/p");
	assert_true(has_link(&a, "</a.css>; rel=preload; as=style"));
	assert_false(has_link(&a, "</big.js>; rel=preload; as=script"));
	assert_true(says(&a, FR_ADVICE_NOPUSH, "/big.js: clients cancelled 6 of 6"));
	fr_advice_fini(&a);
	fr_log_reader_free(&l);
}

static void a_log_of_too_many_pages_and_assets_is_cut(void **state)
{
	struct fr_log_reader *l = fr_log_reader_new(NULL);
	char text[256];
	struct fr_advice a;

	(void)state;
	for (size_t i = 0; i < FR_LOG_READER_MAX_PAGES + 50; i++) {
		(void)snprintf(text, sizeof text,
		               "{\"host\":\"s\",\"target\":\"/%zu\",\"status\":200}", i);
		line(l, text);
	}
	for (size_t i = 0; i < FR_LOG_READER_MAX_ASSETS + 50; i++) {
		(void)snprintf(
			text, sizeof text,
			"{\"host\":\"s\",\"target\":\"/%zu.css\",\"referer\":\"https://s/0\"}", i);
		line(l, text);
	}
	for (size_t i = 0; i < FR_LOG_READER_LEAST_LOADS; i++)
		line(l, "{\"host\":\"s\",\"target\":\"/0\",\"status\":200}");
	assert_int_equal(fr_log_reader_pages(l), 1);
	fr_log_reader_advise(l, 0, &a);
	assert_true(a.n_links <= FR_ADVICE_MAX_LINKS);
	assert_true(a.n <= FR_ADVICE_MAX_ITEMS);
	fr_advice_fini(&a);
	fr_log_reader_free(&l);
}

/* --- findings --- */

/* One page and one asset, each with fields of its response. */
static void advise_fields(const char *page_fields, const char *url, enum fr_as as, unsigned flags,
                          const char *fields, struct fr_advice *a)
{
	struct fr_measurement l;
	struct fr_measurement_entry *e;

	fr_measurement_init(&l, "https://s/");
	e = add(&l, "https://s/", FR_AS_DOCUMENT, 0, 2000, -1);
	e->response_fields = fr_str_dup(S(page_fields));
	e->flags &= ~(unsigned)FR_ENTRY_CACHEABLE;
	e->first_us = 400 * MS;
	e = add(&l, url, as, flags, 9000, 0);
	e->response_fields = fr_str_dup(S(fields));
	(void)snprintf(e->type, sizeof e->type, "text/css");
	fr_measurement_finish(&l);
	fr_advice_make(&l, NULL, &far, a);
	fr_measurement_fini(&l);
}

static void findings_are_what_todays_defaults_leave(void **state)
{
	static const struct {
		const char *page, *url;
		const char *fields;
		enum fr_advice_kind kind;
		const char *says; /* NULL: nothing of that kind */
	} rows[] = {
		{"content-encoding: br\n", "https://s/a.css", "content-type: text/css\n",
	         FR_ADVICE_TEXT, "Forerun in front compresses it by default"},
		{"content-encoding: br\ncache-status: forerun; fwd=uri-miss\n", "https://s/a.css",
	         "content-type: text/css\n", FR_ADVICE_TEXT, "Forerun's settings leave it so"},
		{"content-encoding: br\ncache-status: forerun; hit\n", "https://s/a.css",
	         "cache-control: public, no-transform, max-age=60\n", FR_ADVICE_TEXT,
	         "no-transform forbids Forerun"},
		{"content-encoding: br\n", "https://s/a.css", "content-encoding: zstd\n",
	         FR_ADVICE_TEXT, NULL},
		/* a document without a lifetime is not stored, whatever browsers may guess */
		{"last-modified: Mon, 02 Nov 2026 10:00:00 GMT\n", "https://s/a.css", "x: y\n",
	         FR_ADVICE_PAGE, "it has no Cache-Control"},
		{"cache-control: public\nlast-modified: Mon, 02 Nov 2026 10:00:00 GMT\n",
	         "https://s/a.css", "x: y\n", FR_ADVICE_PAGE, "gives no lifetime"},
		{"cache-control: max-age=0\n", "https://s/a.css", "x: y\n", FR_ADVICE_PAGE,
	         "its max-age is 0"},
		{"cache-control: max-age=60\n", "https://s/a.css", "x: y\n", FR_ADVICE_PAGE, NULL},
		{"cache-control: s-maxage=60, max-age=0\n", "https://s/a.css", "x: y\n",
	         FR_ADVICE_PAGE, NULL},
		{"x: y\n", "https://t/a.css", "x: y\n", FR_ADVICE_THIRD_PARTY, "a.css"},
		{"link: <https://t>; rel=preconnect\n", "https://t/a.css", "x: y\n",
	         FR_ADVICE_THIRD_PARTY, NULL},
		{"link: </x.css>; rel=preload; as=style, <https://T/>; rel=preconnect; "
	         "crossorigin\n",
	         "https://t/a.css", "x: y\n", FR_ADVICE_THIRD_PARTY, NULL},
		{"link: <https://u>; rel=preconnect\n", "https://t/a.css", "x: y\n",
	         FR_ADVICE_THIRD_PARTY, "a.css"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		bool elsewhere = rows[i].kind == FR_ADVICE_THIRD_PARTY;
		struct fr_advice a;

		advise_fields(rows[i].page, rows[i].url, FR_AS_STYLE,
		              elsewhere ? FR_ENTRY_CROSS_ORIGIN : FR_ENTRY_BLOCKING, rows[i].fields,
		              &a);
		if (says(&a, rows[i].kind, rows[i].says ? rows[i].says : "") != !!rows[i].says)
			fail_msg("row %zu", i);
		fr_advice_fini(&a);
	}
}

static void a_page_of_ones_own_needs_witnesses(void **state)
{
	static const struct {
		const char *fields;
		bool is_personal;
	} rows[] = {
		{"cache-control: private\n", true},
		{"cache-control: no-cache, max-age=0\n", true},
		{"cache-control: no-store\n", true},
		{"x: y\nset-cookie: a=b\n", true},
		{"cache-control: max-age=60\n", false},
		{"x: y\n", false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_advice a;

		advise_fields(rows[i].fields, "https://s/a.css", FR_AS_STYLE, FR_ENTRY_BLOCKING,
		              "cache-control: max-age=60\n", &a);
		assert_true(says(&a, FR_ADVICE_ADD, "Name 1 asset"));
		assert_int_equal(says(&a, FR_ADVICE_ADD, "three of them have shown it"),
		                 rows[i].is_personal);
		fr_advice_fini(&a);
	}
}

static void what_is_sent_early_already_is_not_to_be_added(void **state)
{
	struct fr_measurement off, hinted;
	struct fr_advice a;

	(void)state;
	load_site(&off);
	load_site(&hinted);
	for (size_t i = 1; i < hinted.n; i++)
		hinted.entries[i].flags |= FR_ENTRY_PUSHED;
	fr_advice_make(&off, &hinted, &far, &a);
	assert_true(says(&a, FR_ADVICE_ADD, "can be sent early, and the server does so"));
	assert_false(says(&a, FR_ADVICE_ADD, "Name "));
	fr_advice_fini(&a);
	fr_measurement_fini(&off);
	fr_measurement_fini(&hinted);
}

/* --- rules --- */

static void rules_are_yaml_whatever_a_url_holds(void **state)
{
	static const char *const links[] = {
		"</x\\y.css>; rel=preload; as=style",
		"</app.3f2a9c1d.css?v=3>; rel=preload; as=style",
		"<https://cdn.example/a.css?v=3>; rel=preload; as=style",
		"</js>; rel=preload; as=script; x=\"/a?v=3\"",
	};
	static const struct {
		bool lasting;
		const char *yaml;
	} rows[] = {
		{false, "rules:\n  - path: \"/a\\\"b\"\n    links:\n"
	                "      - \"</x\\\\y.css>; rel=preload; as=style\"\n"
	                "      - \"</app.3f2a9c1d.css?v=3>; rel=preload; as=style\"\n"
	                "      - \"<https://cdn.example/a.css?v=3>; rel=preload; as=style\"\n"
	                "      - \"</js>; rel=preload; as=script; x=\\\"/a?v=3\\\"\"\n"},
		{true, "rules:\n  - path: \"/a\\\"b\"\n    links:\n"
	               "      - \"</x\\\\y.css>; rel=preload; as=style\"\n"
	               "      - \"</app.*.css?v=*>; rel=preload; as=style\"\n"
	               "      - \"<https://cdn.example/a.css?v=3>; rel=preload; as=style\"\n"
	               "      - \"</js>; rel=preload; as=script; x=\\\"/a?v=3\\\"\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_advice a = {.url = fr_str_dup(S("https://s/a\"b?c"))};
		struct fr_buf b;

		fr_buf_init(&b, 65536);
		for (size_t k = 0; k < FR_ARRAY_LEN(links); k++)
			a.links[a.n_links++] = fr_str_dup(S(links[k]));
		assert_int_equal(fr_rules_write(&a, 1, rows[i].lasting, &b), 0);
		assert_str(fr_str_make((const char *)fr_buf_data(&b), fr_buf_len(&b)),
		           rows[i].yaml);
		fr_buf_fini(&b);
		fr_advice_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_is_what_can_be_computed),
		cmocka_unit_test(what_blocks_and_what_comes_late_is_advised),
		cmocka_unit_test(mistakes_of_links_are_found),
		cmocka_unit_test(what_is_to_be_taken_out_is_known_to_be_of_no_use),
		cmocka_unit_test(where_nothing_is_to_gain_nothing_is_advised),
		cmocka_unit_test(waste_and_other_hosts_are_named),
		cmocka_unit_test(a_load_survives_json_and_har),
		cmocka_unit_test(what_is_no_profile_and_no_har_is_refused),
		cmocka_unit_test(a_log_tells_what_pages_need_and_what_clients_cancel),
		cmocka_unit_test(a_log_of_too_many_pages_and_assets_is_cut),
		cmocka_unit_test(findings_are_what_todays_defaults_leave),
		cmocka_unit_test(a_page_of_ones_own_needs_witnesses),
		cmocka_unit_test(what_is_sent_early_already_is_not_to_be_added),
		cmocka_unit_test(rules_are_yaml_whatever_a_url_holds),
	};

	RUN(tests);
}
