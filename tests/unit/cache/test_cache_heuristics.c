/* Lifetimes that are guessed (RFC 9111 §4.2.2), by mode. */
#include "cache/policy.h"

#include "policy_fixture.h"

static void s4_2_2_heuristics(void **state)
{
	(void)state;
	begin(200);
	add_date("date", NOW);
	add_date("last-modified", NOW - 1000);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.source, FR_LIFETIME_HEURISTIC);
	assert_int_equal(fresh.lifetime_s, 100);
	begin(200);
	add_date("date", NOW);
	add_date("last-modified", NOW - 100 * 86400);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, FR_CACHE_HEURISTIC_MAX_S);
	begin(302);
	add_date("date", NOW);
	add_date("last-modified", NOW - 1000);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, 0);
	begin(200);
	add_date("date", NOW);
	add_date("last-modified", NOW - 100 * 86400);
	add(&resp.fields, "pragma", "no-cache");
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, 0);
}

struct guess {
	const char *target, *type;
	int status;
	const char *name, *value; /* of the response; NULL: no further field */
	int64_t assets_s, all_s;  /* the lifetime expected by mode; off has none */
};

/* Last modified 100 days ago, so that the bounds show. */
static const struct guess guesses[] = {
	{"/a.css", "text/css", 200, NULL, NULL, 3600, 86400},
	{"/a.css?ver=6.4", "Text/CSS; charset=utf-8", 200, NULL, NULL, 3600, 86400},
	{"/a.js", "text/javascript", 200, NULL, NULL, 3600, 86400},
	{"/a.js", "application/javascript", 203, NULL, NULL, 3600, 86400},
	{"/a.wasm", "application/wasm", 200, NULL, NULL, 3600, 86400},
	{"/a", "font/woff2", 200, NULL, NULL, 3600, 86400},
	{"/a.woff", "application/font-woff", 200, NULL, NULL, 3600, 86400},
	{"/a.svg", "image/svg+xml", 200, NULL, NULL, 3600, 86400},
	{"/photo", "image/jpeg", 200, NULL, NULL, 3600, 86400},
	{"/favicon.ico", "image/vnd.microsoft.icon", 200, NULL, NULL, 3600, 86400},
	/* a font that its server does not know */
	{"/f/a.woff2", "application/octet-stream", 200, NULL, NULL, 3600, 86400},
	{"/f/A.WOFF2?v=2", "binary/octet-stream", 200, NULL, NULL, 3600, 86400},
	{"/export", "application/octet-stream", 200, NULL, NULL, 0, 86400},
	{"/woff2", "application/octet-stream", 200, NULL, NULL, 0, 86400},
	{"/a.woff2/export", "application/octet-stream", 200, NULL, NULL, 0, 86400},
	/* documents, whatever their names say */
	{"/", "text/html", 200, NULL, NULL, 0, 86400},
	{"/account/a.css", "text/html", 200, NULL, NULL, 0, 86400},
	{"/feed", "application/rss+xml", 200, NULL, NULL, 0, 86400},
	{"/feed.xml", "text/xml", 200, NULL, NULL, 0, 86400},
	{"/api/items", "application/json", 200, NULL, NULL, 0, 86400},
	{"/site.webmanifest", "application/manifest+json", 200, NULL, NULL, 0, 86400},
	{"/a.js.map", "application/json", 200, NULL, NULL, 0, 86400},
	{"/a.pdf", "application/pdf", 200, NULL, NULL, 0, 86400},
	{"/a.mp4", "video/mp4", 200, NULL, NULL, 0, 86400},
	{"/robots.txt", "text/plain", 200, NULL, NULL, 0, 86400},
	{"/a.css", NULL, 200, NULL, NULL, 0, 86400},
	{"/a.css", "", 200, NULL, NULL, 0, 86400},
	{"/a.css", "text/css, text/html", 200, NULL, NULL, 0, 86400},
	{"/a.css", "text/css", 200, "content-type", "text/html", 0, 86400},
	{"/a.css", "text/cssx", 200, NULL, NULL, 0, 86400},
	{"/a.png", "image/png", 200, "content-disposition", "attachment; filename=a", 0, 86400},
	{"/a.png", "image/png", 200, "content-disposition", "inline", 3600, 86400},
	{"/a.png", "image/png", 200, "pragma", "no-cache", 0, 0},
	/* redirects and errors, even of assets */
	{"/old", "text/html", 301, "location", "/new", 0, 600},
	{"/old.css", "text/css", 308, "location", "/new.css", 0, 600},
	{"/a.css", "text/css", 404, NULL, NULL, 0, 600},
	{"/a.css", "text/html", 404, NULL, NULL, 0, 600},
	{"/a.css", "text/css", 410, NULL, NULL, 0, 600},
	{"/a.css", "text/css", 302, NULL, NULL, 0, 0},
	{"/a.css", "text/css", 503, NULL, NULL, 0, 0},
	{"/a", "text/html", 204, NULL, NULL, 0, 86400},
	/* service workers */
	{"/sw.js", "text/javascript", 200, NULL, NULL, 0, 0},
	{"/service-worker.js", "text/javascript", 200, NULL, NULL, 0, 0},
	{"/firebase-messaging-sw.js", "text/javascript", 200, NULL, NULL, 0, 0},
	{"/ngsw-worker.js", "text/javascript", 200, NULL, NULL, 0, 0},
	{"/sw.1f3a.js?v=1", "text/javascript", 200, NULL, NULL, 0, 0},
	{"/blog/sw", "text/html", 200, NULL, NULL, 0, 86400},
	{"/answer.js", "text/javascript", 200, NULL, NULL, 3600, 86400},
	{"/worker.js", "text/javascript", 200, NULL, NULL, 3600, 86400},
};

static void begin_guess(const struct guess *g)
{
	begin(g->status);
	req.target = S(g->target);
	add_date("date", NOW);
	add_date("last-modified", NOW - 100 * 86400);
	if (g->type)
		add(&resp.fields, "content-type", g->type);
	if (g->name)
		add(&resp.fields, g->name, g->value);
}

static void guess_by(enum fr_heuristics which)
{
	fr_cache_freshness(&resp, NOW, NOW, fr_cache_heuristic_most(which, &req, &resp), &fresh);
}

/* What is not fresh by a guess is not stored, although it has a validator. */
static void s4_2_2_what_is_guessed_by_mode(void **state)
{
	static const char *const modes[] = {"assets", "all", "off"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(guesses); i++)
		for (int mode = FR_HEURISTICS_ASSETS; mode <= FR_HEURISTICS_OFF; mode++) {
			const struct guess *g = &guesses[i];
			const int64_t expected[] = {g->assets_s, g->all_s, 0};

			begin_guess(g);
			guess_by((enum fr_heuristics)mode);
			if (fresh.lifetime_s != expected[mode] ||
			    (fr_cache_may_store(&req, &resp, &fresh) == FR_CACHE_STORE_YES) !=
			            (expected[mode] > 0))
				fail_msg("%s, %s, %d, %s: %lld s", g->target, g->type, g->status,
				         modes[mode], (long long)fresh.lifetime_s);
		}
}

static void s4_2_2_a_service_worker_gets_no_guess(void **state)
{
	static const char *const asked[][2] = {{"service-worker", "script"},
	                                       {"sec-fetch-dest", "serviceworker"}};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(asked); i++)
		for (int mode = FR_HEURISTICS_ASSETS; mode <= FR_HEURISTICS_OFF; mode++) {
			begin_guess(&guesses[2]);
			add(&req.fields, asked[i][0], asked[i][1]);
			guess_by((enum fr_heuristics)mode);
			assert_int_equal(fresh.lifetime_s, 0);
		}
}

/* Whatever the mode: a lifetime that the origin gives counts, and no-cache needs none. */
static void s4_2_2_what_the_origin_says_is_no_guess(void **state)
{
	static const struct {
		const char *cache_control;
		enum fr_cache_store expected;
	} cases[] = {
		{"max-age=7", FR_CACHE_STORE_YES},
		{"max-age=0", FR_CACHE_STORE_YES},
		{"no-cache", FR_CACHE_STORE_YES},
		{"public", FR_CACHE_STORE_NO_FRESHNESS},
		{"immutable", FR_CACHE_STORE_NO_FRESHNESS},
		{"must-revalidate", FR_CACHE_STORE_NO_FRESHNESS},
		{"stale-while-revalidate=60", FR_CACHE_STORE_NO_FRESHNESS},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		begin(200);
		add(&resp.fields, "content-type", "text/html");
		add(&resp.fields, "etag", "\"1\"");
		add(&resp.fields, "cache-control", cases[i].cache_control);
		guess_by(FR_HEURISTICS_ASSETS);
		if (fr_cache_may_store(&req, &resp, &fresh) != cases[i].expected)
			fail_msg("%s", cases[i].cache_control);
	}
}

/* It stands in for a dead origin, but not for ever. */
static void what_was_guessed_is_served_stale_for_a_day(void **state)
{
	struct fr_cache_control none;

	(void)state;
	fr_cache_control_read(&req.fields, &none);
	begin_guess(&guesses[0]);
	guess_by(FR_HEURISTICS_ASSETS);
	assert_true(fr_cache_may_serve_on_error(&fresh, &none, false, NOW + 3600 + 86400));
	assert_false(fr_cache_may_serve_on_error(&fresh, &none, false, NOW + 3600 + 86401));
	assert_false(fr_cache_may_serve_on_error(&fresh, &none, true, NOW + 3600));
	response("max-age=60");
	assert_true(fr_cache_may_serve_on_error(&fresh, &none, false, NOW + 1000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s4_2_2_heuristics),
		T(s4_2_2_what_is_guessed_by_mode),
		T(s4_2_2_a_service_worker_gets_no_guess),
		T(s4_2_2_what_the_origin_says_is_no_guess),
		T(what_was_guessed_is_served_stale_for_a_day),
	};

	RUN(tests);
}
