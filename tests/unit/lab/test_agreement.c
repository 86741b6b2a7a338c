/* Where two parts judge one thing, each for reasons of its own, they agree on these tables: the
 * edge's scan and the page model's on what a page needs; the rule for browsers' caches and the one
 * for shared caches on what is fresh. */
#include "cache/policy.h"
#include "hints/scan.h"
#include "http/date.h"
#include "lab/measurement/freshness.h"
#include "lab/model/markup.h"
#include "unit.h"

#define PAGE "https://h.test/page"

/* What is found, sorted: "style! /a.css"; "!": rendering waits for it. */
struct found {
	char lines[16][96];
	size_t n;
};

static void note(struct found *f, enum fr_as as, bool is_blocking, struct fr_str url)
{
	assert_true(f->n < FR_ARRAY_LEN(f->lines));
	(void)snprintf(f->lines[f->n++], sizeof f->lines[0], "%s%s %.*s", fr_as_str(as),
	               is_blocking ? "!" : "", FR_STR_ARG(url));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check(struct found *f, const char *who, const char *html, const char *expected)
{
	char text[2048] = "";

	qsort(f->lines, f->n, sizeof f->lines[0], by_text);
	for (size_t i = 0; i < f->n; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
		               i ? ", " : "", f->lines[i]);
	if (strcmp(text, expected) != 0)
		fail_msg("%s in %s: '%s', not '%s'", who, html, text, expected);
}

static void scan(const char *html, const char *expected)
{
	struct fr_scan *s = fr_scan_new(S(PAGE), S("text/html; charset=utf-8"), S(""));
	const struct fr_scan_hint *hints;
	struct found f = {.n = 0};
	bool is_complete;
	size_t n;

	fr_scan_feed(s, html, strlen(html));
	n = fr_scan_end(s, &hints, &is_complete);
	for (size_t i = 0; i < n; i++)
		note(&f,
		     hints[i].link.rels & FR_REL_MODULEPRELOAD ? FR_AS_SCRIPT
		                                               : fr_as_parse(hints[i].link.as),
		     hints[i].is_blocking, hints[i].link.target);
	check(&f, "the edge's scan", html, expected);
	fr_scan_free(&s);
}

static void on_asset(void *user, const struct fr_markup_asset *a)
{
	if (!a->is_lazy && !a->is_inactive)
		note(user, a->as, a->is_blocking, a->url);
}

static void on_text(void *user, struct fr_str text)
{
	(void)user;
	(void)text;
}

static void on_style(void *user, struct fr_str css, bool applies)
{
	on_text(user, css);
	(void)applies;
}

static void on_content(void *user)
{
	(void)user;
}

static void model(const char *html, const char *expected)
{
	const struct fr_markup_events events = {.on_asset = on_asset,
	                                        .on_base = on_text,
	                                        .on_style = on_style,
	                                        .on_content = on_content};
	struct fr_names names = {.has_others = false};
	struct found f = {.n = 0};
	struct fr_markup *m = fr_markup_new(&events, &f, &names);

	fr_markup_feed(m, (const uint8_t *)html, strlen(html), false);
	fr_markup_feed(m, NULL, 0, true);
	fr_markup_free(&m);
	check(&f, "the page model", html, expected);
}

static void both_scanners_find_the_same_in_a_page(void **state)
{
	static const struct {
		const char *html, *expected;
	} table[] = {
		{"<link rel=stylesheet href=/a.css>", "style! /a.css"},
		{"<LINK REL='StyleSheet' HREF=\"/a.css\">", "style! /a.css"},
		{"<link rel='alternate stylesheet' href=/a.css>", ""},
		{"<link rel=icon href=/i.svg>", ""},
		{"<link rel=preload as=font href=/f.woff2 crossorigin>", "font /f.woff2"},
		{"<link rel=preload href=/x>", ""},
		{"<link rel=modulepreload href=/m.js>", "script /m.js"},
		{"<head><script src=/s.js></script>", "script! /s.js"},
		{"<head><script src=/s.js async></script>", "script /s.js"},
		{"<head><script src=/s.js defer></script>", "script /s.js"},
		{"<head><script src=/s.js type=module></script>", "script /s.js"},
		{"<head><script src=/s.js type=text/template></script>", ""},
		{"<head><script src=/s.js nomodule></script>", ""},
		{"<head><script>var a = '<img src=/no.png>'</script>", ""},
		{"<head><style>a { color: red }</style><script src=/s.js></script>",
	         "script! /s.js"},
		{"<body><img src=/i.png>", "image /i.png"},
		{"<body><img src=/i.png loading=lazy>", ""},
		{"<body><img src='data:image/png;base64,AA'>", ""},
		{"<body><!-- <img src=/i.png> -->", ""},
		{"<body><noscript><img src=/i.png></noscript>", ""},
		{"<body><template><img src=/i.png></template>", ""},
		{"<body><img src=/a&amp;b.png>", "image /a&b.png"},
		{"<head><link rel=stylesheet href=/a.css><script src=/s.js></script></head>"
	         "<body><img src=/i.png><script src=/t.js></script>",
	         "image /i.png, script /t.js, script! /s.js, style! /a.css"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++) {
		scan(table[i].html, table[i].expected);
		model(table[i].html, table[i].expected);
	}
}

/* --- freshness --- */

#define NOW INT64_C(1700000000)
#define DATE "Tue, 14 Nov 2023 22:13:20 GMT" /* NOW */
#define EARLIER "Mon, 13 Nov 2023 22:13:20 GMT"
#define LATER "Wed, 15 Nov 2023 22:13:20 GMT"

struct freshness_row {
	const char *cache_control;
	enum fr_field_id id; /* one more field; FR_FIELD_NONE: none */
	const char *value;
	bool is_fresh;
};

static void check_row(const struct freshness_row *row)
{
	struct fr_arena arena;
	struct fr_request req;
	struct fr_response resp;
	struct fr_freshness fresh;
	bool shared, browser;

	fr_arena_init(&arena, 65536);
	fr_request_init(&req, &arena);
	fr_response_init(&resp, &arena, 200);
	req.method = FR_METHOD_GET;
	assert_int_equal(fr_fields_add_id(&resp.fields, FR_FIELD_DATE, S(DATE)), 0);
	if (*row->cache_control)
		assert_int_equal(fr_fields_add_id(&resp.fields, FR_FIELD_CACHE_CONTROL,
		                                  S(row->cache_control)),
		                 0);
	if (row->value)
		assert_int_equal(fr_fields_add_id(&resp.fields, row->id, S(row->value)), 0);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	shared = fr_cache_may_store(&req, &resp, &fresh) == FR_CACHE_STORE_YES && !fresh.no_cache &&
	         fr_cache_ttl(&fresh, NOW) > 0;
	browser = fr_is_reusable(&resp.fields);
	fr_arena_fini(&arena);
	if (shared != row->is_fresh || browser != row->is_fresh)
		fail_msg("'%s' and '%s': shared %d, browser %d", row->cache_control,
		         row->value ? row->value : "", shared, browser);
}

static void browsers_and_shared_caches_agree_on_what_is_fresh(void **state)
{
	static const struct freshness_row table[] = {
		{"max-age=60", 0, NULL, true},
		{"max-age=0", 0, NULL, false},
		{"no-store", 0, NULL, false},
		{"no-cache, max-age=60", 0, NULL, false},
		{"max-age=60", FR_FIELD_AGE, "59", true},
		{"max-age=60", FR_FIELD_AGE, "60", false},
		{"max-age=60", FR_FIELD_VARY, "*", false},
		{"max-age=60", FR_FIELD_VARY, "accept-encoding", true},
		{"max-age=60", FR_FIELD_EXPIRES, EARLIER, true},
		{"", FR_FIELD_EXPIRES, LATER, true},
		{"", FR_FIELD_EXPIRES, EARLIER, false},
		{"", FR_FIELD_EXPIRES, "0", false},
		{"", FR_FIELD_LAST_MODIFIED, EARLIER, true},
		{"", FR_FIELD_LAST_MODIFIED, LATER, false},
		{"", 0, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++)
		check_row(&table[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_scanners_find_the_same_in_a_page),
		cmocka_unit_test(browsers_and_shared_caches_agree_on_what_is_fresh),
	};

	RUN(tests);
}
