/* The demo's parts that do no I/O: the emulated link, the page scanner, the
 * time bars. */
#include "tools/demo/discover.h"
#include "tools/demo/link_model.h"
#include "tools/demo/timeline.h"
#include "unit.h"

/* --- the link --- */

static void bytes_arrive_a_delay_after_they_were_serialised(void **state)
{
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, 8000000 /* one byte a microsecond */, 50000);
	fr_link_model_send(&l, 1000, 1000);
	/* 52 bytes of headers go with the packet */
	assert_int_equal(fr_link_model_next(&l), 1000 + 1052 + 50000);
	assert_int_equal(fr_link_model_deliver(&l, 52051), 0);
	assert_int_equal(fr_link_model_deliver(&l, 52052), 1000);
	fr_link_model_fini(&l);
}

static void packets_queue_behind_each_other(void **state)
{
	struct fr_link_model l;
	size_t got = 0;

	(void)state;
	fr_link_model_init(&l, 8000000, 0);
	fr_link_model_send(&l, 0, 10000);
	for (uint64_t t = 0; t <= 10500; t += 100) {
		got += fr_link_model_deliver(&l, t);
		assert_true(got <= t);
		/* seven packets, each with 52 bytes of headers */
		assert_true(got + FR_LINK_PACKET_BYTES + 7 * 52 >= t || got == 10000);
	}
	assert_int_equal(got, 10000);
	fr_link_model_fini(&l);
}

static void the_window_opens_every_round_trip(void **state)
{
	struct fr_link_model l;
	size_t first = FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES;
	uint64_t now = 0;

	(void)state;
	fr_link_model_init(&l, 1000000000, 50000);
	assert_int_equal(fr_link_model_room(&l, now), first);
	fr_link_model_send(&l, now, first);
	assert_int_equal(fr_link_model_room(&l, now), 0);
	now = 50500; /* all have arrived, no acknowledgement has */
	assert_int_equal(fr_link_model_deliver(&l, now), first);
	assert_int_equal(fr_link_model_room(&l, now), 0);
	now = 101000;
	assert_int_equal(fr_link_model_room(&l, now), 2 * first);
	fr_link_model_fini(&l);
}

static void nothing_is_due_on_an_idle_link(void **state)
{
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, 0, 0);
	assert_true(fr_link_model_next(&l) == UINT64_MAX);
	fr_link_model_fini(&l);
}

/* --- the page --- */

struct found {
	char text[1024];
};

static void note(void *user, struct fr_str url, enum fr_as as, bool blocking)
{
	struct found *f = user;
	size_t n = strlen(f->text);

	(void)snprintf(f->text + n, sizeof f->text - n, "%.*s:%s%s ", FR_STR_ARG(url),
	               fr_as_str(as), blocking ? "!" : "");
}

static void assets_are_found_as_a_browser_finds_them(void **state)
{
	static const char html[] =
		"<!doctype html><head><link rel=stylesheet href=a.css><script src=b.js></script>"
		"<script src=c.js defer></script><link rel=icon href=i.svg></head>"
		"<body><img src=d.svg><p>text</p><script src=e.js></script>";
	static const char expected[] = "a.css:style! b.js:script! c.js:script d.svg:image ";

	(void)state;
	for (size_t piece = 1; piece <= sizeof html; piece += 13) {
		struct found f = {{0}};
		struct fr_discover *d = fr_discover_new(note, &f);

		for (size_t at = 0; at < sizeof html - 1; at += piece) {
			size_t n = sizeof html - 1 - at;

			fr_discover_html(d, (const uint8_t *)html + at, n < piece ? n : piece,
			                 false);
		}
		fr_discover_html(d, NULL, 0, true);
		fr_discover_free(&d);
		if (strncmp(f.text, expected, strlen(expected)) != 0)
			fail_msg("found: %s", f.text);
		assert_non_null(strstr(f.text, "e.js:script"));
	}
}

static void fonts_are_found_in_style_sheets(void **state)
{
	struct found f = {{0}};

	(void)state;
	fr_discover_css(S("@font-face{font-family:x;src:url(\"../f/x.woff\") format('woff')}"),
	                note, &f);
	assert_string_equal(f.text, "../f/x.woff:font ");
}

/* --- the bars --- */

static void bars_show_waiting_and_receiving(void **state)
{
	struct fr_load_asset a = {.start_us = 200, .first_us = 500, .end_us = 699};
	char bar[11];

	(void)state;
	fr_timeline_bar(bar, 10, 1000, &a);
	assert_string_equal(bar, "  ---##   ");
	a = (struct fr_load_asset){.start_us = 0, .first_us = 0, .end_us = 5000};
	fr_timeline_bar(bar, 10, 1000, &a);
	assert_string_equal(bar, "##########");
	a = (struct fr_load_asset){0};
	fr_timeline_bar(bar, 10, 0, &a);
	assert_int_equal(strlen(bar), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_a_delay_after_they_were_serialised),
		cmocka_unit_test(packets_queue_behind_each_other),
		cmocka_unit_test(the_window_opens_every_round_trip),
		cmocka_unit_test(nothing_is_due_on_an_idle_link),
		cmocka_unit_test(assets_are_found_as_a_browser_finds_them),
		cmocka_unit_test(fonts_are_found_in_style_sheets),
		cmocka_unit_test(bars_show_waiting_and_receiving),
	};

	RUN(tests);
}
