/* The page model over the link model: waterfalls that can be computed by hand
 * must come out as computed. */
#include "lab/model/cpu.h"
#include "model_site.h"

#define MS 1000u
#define HTML "text/html"
#define CSS "text/css"
#define JS "text/javascript"

/* 50 ms each way, and no limit to the rate: every step is a round trip. */
static const struct model_network far = {.delay_us = 50 * MS};

#define assert_ms(us, ms) assert_int_equal(((us) + 500) / 1000, ms)

static const struct model_file chain[] = {
	{.path = "/",
         .type = HTML,
         .think_ms = 200,
         .body = "<!doctype html><head><link rel=stylesheet href=/a.css><script src=/b.js></script>"
                 "</head><body><h1 class=big>Hello</h1><img src=/c.png>",
         .push = {"/a.css", "/f.woff2"},
         .early = "</a.css>; rel=preload; as=style, </f.woff2>; rel=preload; as=font; crossorigin"},
	{.path = "/a.css",
         .type = CSS,
         .cache_control = "max-age=60",
         .body = "@import 'i.css'; @font-face{font-family:F;src:url(/f.woff2)} "
                 ".big{font-family:F;background:url(g.png)} .absent{background:url(no.png)}"},
	{.path = "/i.css", .type = CSS, .body = "h1{color:red}"},
	{.path = "/b.js", .type = JS, .body = "1", .think_ms = 30},
	{.path = "/c.png", .type = "image/png", .body = "x"},
	{.path = "/g.png", .type = "image/png", .body = "x"},
	{.path = "/f.woff2", .type = "font/woff2", .body = "x", .cache_control = "max-age=60"},
};

static void a_chain_costs_a_round_trip_a_link(void **state)
{
	struct fr_measurement l;

	(void)state;
	model_load(chain, FR_ARRAY_LEN(chain), &far, false, false, &l);
	assert_int_equal(l.n, 7);
	/* 100 ms of round trip and 200 of thinking */
	assert_ms(l.ttfb_us, 300);
	assert_ms(model_entry(&l, "/")->end_us, 300);
	assert_ms(model_entry(&l, "/a.css")->start_us, 300);
	assert_ms(model_entry(&l, "/a.css")->end_us, 400);
	assert_ms(model_entry(&l, "/b.js")->end_us, 430);
	assert_ms(model_entry(&l, "/c.png")->end_us, 400);
	assert_ms(model_entry(&l, "/i.css")->start_us, 400);
	assert_ms(model_entry(&l, "/i.css")->end_us, 500);
	/* layout waits for the import */
	assert_ms(model_entry(&l, "/g.png")->start_us, 500);
	assert_ms(model_entry(&l, "/f.woff2")->start_us, 500);
	assert_ms(l.render_us, 500);
	assert_ms(l.complete_us, 600);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_REQUESTS), 7);
	fr_measurement_fini(&l);
}

static void pushes_take_their_round_trips_out_of_the_chain(void **state)
{
	struct fr_measurement l;

	(void)state;
	model_load(chain, FR_ARRAY_LEN(chain), &far, true, false, &l);
	/* promised as the request came, there a way later */
	assert_ms(model_entry(&l, "/a.css")->promised_us, 100);
	assert_ms(model_entry(&l, "/a.css")->end_us, 100);
	assert_ms(model_entry(&l, "/a.css")->needed_us, 300);
	assert_true(model_entry(&l, "/a.css")->flags & FR_ENTRY_NEEDED);
	/* the import is asked for when the page has a use for its sheet */
	assert_ms(model_entry(&l, "/i.css")->start_us, 300);
	assert_ms(model_entry(&l, "/b.js")->end_us, 430);
	/* behind the script there is no body to lay out */
	assert_ms(model_entry(&l, "/g.png")->start_us, 430);
	assert_ms(l.render_us, 430);
	assert_ms(l.complete_us, 530);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_PUSHES_USED), 2);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_REQUESTS), 5);
	fr_measurement_fini(&l);
}

static void early_hints_ask_while_the_server_thinks(void **state)
{
	struct fr_measurement l;

	(void)state;
	model_load(chain, FR_ARRAY_LEN(chain), &far, false, true, &l);
	assert_ms(l.early_hints_us, 100);
	assert_ms(model_entry(&l, "/a.css")->start_us, 100);
	assert_ms(model_entry(&l, "/a.css")->end_us, 200);
	assert_ms(model_entry(&l, "/f.woff2")->end_us, 200);
	assert_ms(l.render_us, 430);
	assert_ms(l.complete_us, 530);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_EARLY_HINTS), 1);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_DUPLICATES), 0);
	fr_measurement_fini(&l);
}

/* The same page with a browser that takes its time, 512 bytes of HTML, 1 KiB of
 * style sheet and 2 KiB of script; seven elements. */
static void what_the_browser_does_takes_its_time(void **state)
{
	const struct model_network slow = {.delay_us = 50 * MS, .cpu_percent = 200};
	const char *html = "<!doctype html><head><link rel=stylesheet href=/a.css></head><body>"
			   "<h1 class=big>Hello</h1><img src=/c.svg><script src=/b.js></script>";
	const struct model_file site[] = {
		{.path = "/", .type = HTML, .body = html, .padding = 512 - strlen(html)},
		{.path = "/a.css",
	         .type = CSS,
	         .body = ".big{background:url(g.png)}",
	         .padding = 997},
		{.path = "/b.js", .type = JS, .body = "", .padding = 2048},
		{.path = "/c.svg", .type = "image/svg+xml", .body = "x"},
		{.path = "/g.png", .type = "image/png", .body = "x"},
	};
	uint64_t found = 100 * MS + 2 * (FR_CPU_COMMIT_US + FR_CPU_HTML_KB_US / 2);
	uint64_t parsed = found + 100 * MS + 2 * (FR_CPU_STYLE_US + FR_CPU_STYLE_KB_US);
	/* the script and the picture came with the style sheet, and wait their turn */
	uint64_t laid_out = parsed + 2 * (FR_CPU_SVG_US + FR_CPU_FIRST_LAYOUT_US +
	                                  7 * FR_CPU_LAYOUT_ELEMENT_US);
	uint64_t run = 2 * (FR_CPU_SCRIPT_US + 2 * FR_CPU_SCRIPT_KB_US);
	struct fr_measurement l;

	(void)state;
	model_load(site, FR_ARRAY_LEN(site), &slow, false, false, &l);
	assert_int_equal(l.ttfb_us, 100 * MS);
	assert_int_equal(model_entry(&l, "/a.css")->start_us, found);
	assert_int_equal(model_entry(&l, "/a.css")->end_us, found + 100 * MS);
	assert_int_equal(l.render_us, laid_out + 2 * FR_CPU_PAINT_US);
	/* what layout finds is asked for behind what waits by then */
	assert_int_equal(model_entry(&l, "/g.png")->start_us, laid_out + run);
	assert_int_equal(l.complete_us, laid_out + run + 100 * MS);
	fr_measurement_fini(&l);
}

/* Scripts in the order of the page, each behind the style sheets that block. */
static void scripts_hold_up_what_is_drawn_in_their_order(void **state)
{
	const struct model_network slow = {.delay_us = 50 * MS, .cpu_percent = 100};
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .body = "<script src=/1.js></script><script src=/2.js></script>"
	                 "<link rel=stylesheet href=/a.css><body>x"},
		{.path = "/1.js", .type = JS, .body = "", .padding = 1024, .think_ms = 300},
		{.path = "/2.js", .type = JS, .body = "", .padding = 1024},
		{.path = "/a.css", .type = CSS, .body = "p{}"},
	};
	uint64_t found, run = 2 * (FR_CPU_SCRIPT_US + FR_CPU_SCRIPT_KB_US);
	struct fr_measurement l;

	(void)state;
	model_load(site, FR_ARRAY_LEN(site), &slow, false, false, &l);
	found = model_entry(&l, "/1.js")->start_us;
	assert_int_equal(model_entry(&l, "/1.js")->end_us, found + 400 * MS);
	assert_int_equal(l.render_us, found + 400 * MS + run + FR_CPU_FIRST_LAYOUT_US +
	                                      6 * FR_CPU_LAYOUT_ELEMENT_US + FR_CPU_PAINT_US);
	fr_measurement_fini(&l);
}

static void bytes_take_the_time_that_the_line_needs(void **state)
{
	/* 1 byte a microsecond */
	const struct model_network slow = {.rate_bps = 8000000, .delay_us = 50 * MS};
	const struct model_file site[] = {
		{.path = "/", .type = HTML, .body = "<body>x<img src=/p.png>"},
		{.path = "/p.png", .type = "image/png", .body = "", .padding = 10000},
	};
	const struct fr_measurement_entry *e;
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &slow, false, false, &l);
	e = model_entry(&l, "/p.png");
	/* seven packets with 52 bytes of headers each, and frames of 9 and a head */
	assert_in_range(e->end_us - e->start_us, 100 * MS + 10000 + 7 * 52 + 9,
	                100 * MS + 10000 + 8 * 52 + 200);
	fr_measurement_fini(&l);
}

static void a_window_of_ten_packets_opens_by_round_trips(void **state)
{
	const struct model_file site[] = {
		{.path = "/", .type = HTML, .body = "<body>x<img src=/p.png>"},
		{.path = "/p.png", .type = "image/png", .body = "", .padding = 60000},
	};
	const struct fr_measurement_entry *e;
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &far, false, false, &l);
	e = model_entry(&l, "/p.png");
	/* 14480 bytes in the first flight, twice that in the second, the rest in
	 * the third */
	assert_ms(e->end_us - e->start_us, 300);
	fr_measurement_fini(&l);
}

static void losses_cost_round_trips_and_are_the_same_each_time(void **state)
{
	const struct model_network bad = {.rate_bps = 8000000, .delay_us = 50 * MS, .loss = 20000};
	const struct model_network good = {.rate_bps = 8000000, .delay_us = 50 * MS};
	const struct model_file site[] = {
		{.path = "/", .type = HTML, .body = "<body>x<img src=/p.png>"},
		{.path = "/p.png", .type = "image/png", .body = "", .padding = 400000},
	};
	struct fr_measurement a, b, c;

	(void)state;
	model_load(site, 2, &bad, false, false, &a);
	model_load(site, 2, &bad, false, false, &b);
	model_load(site, 2, &good, false, false, &c);
	assert_int_equal(a.complete_us, b.complete_us);
	assert_true(a.complete_us > c.complete_us + 100 * MS);
	fr_measurement_fini(&a);
	fr_measurement_fini(&b);
	fr_measurement_fini(&c);
}

static void a_push_without_a_use_is_unused(void **state)
{
	const struct model_file site[] = {
		{.path = "/", .type = HTML, .body = "<body>x", .push = {"/u.css"}},
		{.path = "/u.css", .type = CSS, .body = "b{}"},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &far, true, false, &l);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_PUSHES_UNUSED), 1);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_BYTES), 10);
	assert_ms(l.complete_us, 100);
	fr_measurement_fini(&l);
}

static void a_promise_of_what_is_on_its_way_is_cancelled(void **state)
{
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .body = "<link rel=stylesheet href=/a.css><body>x<img src=/b.png>"},
		{.path = "/a.css", .type = CSS, .body = "b{}", .push = {"/b.png"}},
		{.path = "/b.png", .type = "image/png", .body = "x"},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 3, &far, true, false, &l);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_PUSHES_CANCELLED), 1);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_DUPLICATES), 1);
	assert_ms(l.complete_us, 200);
	fr_measurement_fini(&l);
}

static void what_came_early_and_must_not_be_reused_is_fetched_again(void **state)
{
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .think_ms = 300,
	         .body = "<link rel=stylesheet href=/a.css><body>x",
	         .early = "</a.css>; rel=preload; as=style"},
		{.path = "/a.css", .type = CSS, .body = "b{}", .cache_control = "no-store"},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &far, false, true, &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_DUPLICATES), 1);
	assert_ms(l.complete_us, 500);
	fr_measurement_fini(&l);
}

static void a_font_hinted_without_crossorigin_is_fetched_twice(void **state)
{
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .body = "<style>@font-face{font-family:F;src:url(/f.woff2)}p{font-family:F}</"
	                 "style>"
	                 "<body><p>x",
	         .link = "</f.woff2>; rel=preload; as=font"},
		{.path = "/f.woff2", .type = "font/woff2", .body = "x"},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &far, false, false, &l);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_DUPLICATES), 1);
	fr_measurement_fini(&l);
}

static void failures_and_what_cannot_be_asked_are_told_apart(void **state)
{
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .body = "<script src=https://elsewhere/x.js></script><body>x<img src=/gone.png>"
	                 "<img src=/later.png loading=lazy>"},
		{.path = "/gone.png", .type = "text/plain", .body = "no", .status = 404},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 2, &far, false, false, &l);
	assert_false(l.failed);
	assert_true(model_entry(&l, "/gone.png")->flags & FR_ENTRY_FAILED);
	assert_true(model_entry(&l, "x.js")->flags & FR_ENTRY_SKIPPED);
	assert_true(model_entry(&l, "x.js")->flags & FR_ENTRY_CROSS_ORIGIN);
	assert_true(model_entry(&l, "/later.png")->flags & FR_ENTRY_LAZY);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_REQUESTS), 2);
	fr_measurement_fini(&l);
}

static void what_blocks_goes_before_pictures(void **state)
{
	const struct model_network slow = {.rate_bps = 1600000, .delay_us = 75 * MS};
	const struct model_file site[] = {
		{.path = "/",
	         .type = HTML,
	         .body = "<script src=/s.js></script><body>x<img src=/p.png>"},
		{.path = "/p.png", .type = "image/png", .body = "", .padding = 200000},
		{.path = "/s.js", .type = JS, .body = "", .padding = 50000},
	};
	struct fr_measurement l;

	(void)state;
	model_load(site, 3, &slow, false, false, &l);
	assert_true(model_entry(&l, "/s.js")->end_us + 800 * MS <
	            model_entry(&l, "/p.png")->end_us);
	assert_int_equal(model_entry(&l, "/s.js")->urgency, 1);
	fr_measurement_fini(&l);
}

static void a_page_may_name_many_assets(void **state)
{
	struct model_file many[121];
	char names[120][16], html[8192] = "<body>x";
	struct fr_measurement l;

	(void)state;
	for (size_t i = 0; i < 120; i++) {
		size_t n = strlen(html);

		(void)snprintf(names[i], sizeof names[i], "/%zu.png", i);
		(void)snprintf(html + n, sizeof html - n, "<img src=%s>", names[i]);
		many[i + 1] =
			(struct model_file){.path = names[i], .type = "image/png", .body = "x"};
	}
	many[0] = (struct model_file){.path = "/", .type = HTML, .body = html};
	model_load(many, 121, &far, false, false, &l);
	assert_int_equal(l.n, 121);
	assert_int_equal(fr_measurement_metric(&l, FR_METRIC_REQUESTS), 121);
	assert_false(l.failed);
	fr_measurement_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_costs_a_round_trip_a_link),
		cmocka_unit_test(pushes_take_their_round_trips_out_of_the_chain),
		cmocka_unit_test(early_hints_ask_while_the_server_thinks),
		cmocka_unit_test(what_the_browser_does_takes_its_time),
		cmocka_unit_test(scripts_hold_up_what_is_drawn_in_their_order),
		cmocka_unit_test(bytes_take_the_time_that_the_line_needs),
		cmocka_unit_test(a_window_of_ten_packets_opens_by_round_trips),
		cmocka_unit_test(losses_cost_round_trips_and_are_the_same_each_time),
		cmocka_unit_test(a_push_without_a_use_is_unused),
		cmocka_unit_test(a_promise_of_what_is_on_its_way_is_cancelled),
		cmocka_unit_test(what_came_early_and_must_not_be_reused_is_fetched_again),
		cmocka_unit_test(a_font_hinted_without_crossorigin_is_fetched_twice),
		cmocka_unit_test(failures_and_what_cannot_be_asked_are_told_apart),
		cmocka_unit_test(what_blocks_goes_before_pictures),
		cmocka_unit_test(a_page_may_name_many_assets),
	};

	RUN(tests);
}
