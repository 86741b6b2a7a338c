/* What the scan finds in a page, element by element. */
#include "scan_text.h"

static void style_sheets_of_the_head_block(void **state)
{
	(void)state;
	assert_found(
		"<!doctype html><html><head><link rel=stylesheet href=a.css>"
		"<LINK HREF='/b.css?x=1&amp;y' REL='preload StyleSheet' TYPE=text/css MEDIA=all>"
		"<link rel=stylesheet media='print, screen' href=c.css/></head>"
		"<body><link rel=stylesheet href=/e.css>",
		"!</d/a.css>; rel=preload; as=style\n"
		"!</b.css?x=1&y>; rel=preload; as=style; type=\"text/css\"\n"
		"!</d/c.css/>; rel=preload; as=style\n"
		"</e.css>; rel=preload; as=style\n");
}

static void style_sheets_that_are_not_used_are_left_out(void **state)
{
	(void)state;
	assert_found("<link rel=stylesheet media=print href=a.css>"
	             "<link rel=stylesheet media='(min-width: 9px)' href=b.css>"
	             "<link rel='alternate stylesheet' href=c.css>"
	             "<link rel=stylesheet disabled href=d.css>"
	             "<link rel=stylesheet type=text/less href=e.less>"
	             "<link rel=icon href=f.png><link rel=stylesheet><link href=g.css>",
	             "");
}

static void preloads_keep_all_that_says_which_request_they_are(void **state)
{
	(void)state;
	assert_found("<link rel=preload as=font type=font/woff2 crossorigin href=/f.woff2>"
	             "<link rel=preload as=fetch crossorigin=USE-credentials href=/x.json>"
	             "<link rel=preload as=script integrity='sha256-YQ==' href=//cdn.test/s.js "
	             "referrerpolicy=no-referrer fetchpriority=low crossorigin=anonymous>"
	             "<link rel=preload as=image href=/i.png imagesrcset='/i.png 1x,\n\t/j.png 2x' "
	             "imagesizes=50vw media=screen>"
	             "<link rel=preload href=/no-as>",
	             "</f.woff2>; rel=preload; as=font; crossorigin; type=\"font/woff2\"\n"
	             "</x.json>; rel=preload; as=fetch; crossorigin=use-credentials\n"
	             "~<https://cdn.test/s.js>; rel=preload; as=script; crossorigin; "
	             "integrity=\"sha256-YQ==\"; referrerpolicy=no-referrer; fetchpriority=low\n"
	             "~</i.png>; rel=preload; as=image; media=screen; "
	             "imagesrcset=\"/i.png 1x, /j.png 2x\"; imagesizes=50vw\n");
}

static void connections_to_other_origins_are_found(void **state)
{
	(void)state;
	assert_found("<link rel=preconnect href=https://a.test>"
	             "<link rel=preconnect href=https://a.test/ crossorigin>"
	             "<link rel='dns-prefetch preconnect' href=//b.test:8443>"
	             "<link rel=preconnect href=/><link rel=dns-prefetch href=//c.test>",
	             "<https://a.test/>; rel=preconnect\n"
	             "<https://a.test/>; rel=preconnect; crossorigin\n"
	             "<https://b.test:8443/>; rel=preconnect\n");
}

static void a_url_is_given_once_for_each_request(void **state)
{
	(void)state;
	assert_found(
		"<link rel=preload as=font href=/f><link rel=preload as=font href=/f crossorigin>"
		"<link rel=preload as=font href=/f crossorigin>"
		"<link rel=preload as=style href=/a><link rel=stylesheet href=/a>"
		"<link rel=modulepreload href=/m><script type=module src=/m></script>",
		"</f>; rel=preload; as=font\n"
		"</f>; rel=preload; as=font; crossorigin\n"
		"!</a>; rel=preload; as=style\n"
		"~</m>; rel=modulepreload\n");
}

static void scripts_block_only_in_the_head_and_if_they_must(void **state)
{
	(void)state;
	assert_found("<head><script src=a.js></script><script src=b.js async></script>"
	             "<script defer='' src=c.js></script><script type=text/javascript src=d.js>"
	             "</script></head><body><script src=e.js></script>",
	             "!</d/a.js>; rel=preload; as=script\n"
	             "~</d/b.js>; rel=preload; as=script\n"
	             "~</d/c.js>; rel=preload; as=script\n"
	             "!</d/d.js>; rel=preload; as=script\n"
	             "~</d/e.js>; rel=preload; as=script\n");
}

static void modules_are_found_and_what_is_not_for_them_is_left_out(void **state)
{
	(void)state;
	assert_found("<link rel=modulepreload href=/m0.js><script type=module src=/m1.js></script>"
	             "<script type=module crossorigin=use-credentials src=/m2.js></script>"
	             "<script nomodule src=/old.js></script><script type=module>inline</script>"
	             "<script type=application/json src=/d.json></script>"
	             "<script type=importmap src=/map></script><script src></script>",
	             "~</m0.js>; rel=modulepreload\n"
	             "~</m1.js>; rel=modulepreload\n"
	             "~</m2.js>; rel=modulepreload; crossorigin=use-credentials\n");
}

static void the_first_images_are_found(void **state)
{
	(void)state;
	assert_found("<img src=data:image/gif;base64,AAAA><img src=0.png loading=lazy>"
	             "<img src=1.png fetchpriority=high><img><img src=1.png>"
	             "<img src=2.png srcset=' 2.png 1x,  3.png\n2x' sizes=auto>",
	             "~</d/1.png>; rel=preload; as=image; fetchpriority=high\n"
	             "~</d/2.png>; rel=preload; as=image; "
	             "imagesrcset=\"2.png 1x, 3.png 2x\"; imagesizes=auto\n");
	assert_found("<img src=1><img src=2><img src=3><img src=4><img src=5>",
	             "~</d/1>; rel=preload; as=image\n~</d/2>; rel=preload; as=image\n"
	             "~</d/3>; rel=preload; as=image\n");
}

static void pictures_with_sources_are_for_the_client_to_choose(void **state)
{
	(void)state;
	assert_found("<picture><source srcset=a.avif><img src=a.png></picture>"
	             "<picture><img src=b.png></picture>"
	             "<picture><source srcset=c.avif></picture><img src=c.png>",
	             "~</d/b.png>; rel=preload; as=image\n~</d/c.png>; rel=preload; as=image\n");
}

static void the_first_base_counts_for_what_follows_it(void **state)
{
	(void)state;
	assert_found("<script src=a.js></script><base target=_top><base href=/x/y>"
	             "<base href=/z/><script src=b.js></script>"
	             "<img src=c.png srcset='d.png 2x'>",
	             "!</d/a.js>; rel=preload; as=script\n!</x/b.js>; rel=preload; as=script\n");
	assert_found("<base href=https://cdn.test/x/><script src=b.js></script>"
	             "<script src=https://H.test:443/c.js></script>",
	             "!<https://cdn.test/x/b.js>; rel=preload; as=script\n"
	             "!</c.js>; rel=preload; as=script\n");
	assert_found("<base href=data:x><base href=/y/><script src=b.js></script>",
	             "!</d/b.js>; rel=preload; as=script\n");
}

static void what_is_only_text_gives_nothing(void **state)
{
	static const char link[] = "<link rel=stylesheet href=x.css><img src=y>";
	static const char *const around[][2] = {
		{"<!--", "-->"},
		{"<!-- -- --!x>", "--!>"},
		{"<noscript>", "</noscript>"},
		{"<template>", "</template>"},
		{"<template><template></template>", "</template>"},
		{"<script>\"</p></scripty>", "\"</script>"},
		{"<script>document.write('</b>", "')</SCRIPT\n>"},
		{"<script><!-- <script>", "</script> --></script>"},
		{"<script><!--<SCRIPT ", "</script>--></script>"},
		{"<script><!-- <script></script>", "</script>"},
		{"<script><!-- </script/><!-- <script>", "--></script>"},
		{"<script><!-- <scripty></scripty>", "</script>"},
		{"<script><!--><script>", "</script>"},
		{"<script><!---><script>", "</script>"},
		{"<script><!- <script>", "</script>"},
		{"<script>// <!-- <script> --><script>", "</script>"},
		{"<script><!-- <script> --\n> </script>", "</script>"},
		{"<script><!-- <script> </script ", "</script>"},
		{"<style><!-- <style>", "</style>"},
		{"<textarea><!--", "</textarea>"},
		{"<title><a href=\"", "</title>"},
		{"<iframe>", "</iframe>"},
		{"<xmp>", "</xmp>"},
		{"<a title='", "'>"},
		{"<a title = \">", "\">"},
		{"<a data-x=1'2 title=\"'", "\">"},
		{"<svg>", "</svg>"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(around); i++) {
		char html[400];

		/* img ends svg, as in browsers */
		(void)snprintf(html, sizeof html, "%s%.*s%s<script src=/after.js></script>",
		               around[i][0], strcmp(around[i][0], "<svg>") ? 99 : 32, link,
		               around[i][1]);
		assert_non_null(strstr(html, "x.css>"));
		{
			static struct scanned r;

			scan(&r, html);
			if (r.n != 1 || !strstr(r.text, "</after.js>"))
				fail_msg("in: %s\nfound: %s", html, r.text);
		}
	}
	assert_found("<plaintext><script src=a.js></script>", "");
	assert_found("<link rel=stylesheet href=unfinished.css", "");
}

static void comments_end_where_browsers_end_them(void **state)
{
	static const char *const comments[] = {"<!-->",     "<!--->",        "<!---->", "<!--a-->",
	                                       "<!--a--!>", "<!----->",      "<!>",     "<!-a>",
	                                       "<?xml a?>", "</ a>",         "</>",     "<!a\">",
	                                       "<!--<!-->", "<!-- - -- -->", "<3",      "<<"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(comments); i++) {
		char html[100];

		(void)snprintf(html, sizeof html, "%s<img src=/a>", comments[i]);
		assert_found(html, "~</a>; rel=preload; as=image\n");
	}
}

static void tags_are_read_however_they_are_written(void **state)
{
	static const char *const tags[] = {"<img src=/a>",
	                                   "<IMG\tSRC=/a\n>",
	                                   "<img/src=/a>",
	                                   "<img/x/src='/a'/>",
	                                   "<img src = \"/a\"/>",
	                                   "<img alt=''src=/a>",
	                                   "<img\fsrc\f=\f/a>",
	                                   "<img =x src=/a>",
	                                   "<img src=/a src=/b>",
	                                   "<img a\"b src=/a>",
	                                   "<img x=\"y\"z src=/a>",
	                                   "<img alt=\">\" src=&#47;a>",
	                                   "<img < src=/a>",
	                                   "<img a='\"'b=\"'\"c='>'src=/a>",
	                                   "<img x=y/ src=/a />",
	                                   "<img @x='a src=/b' src=/a>",
	                                   "<img 1='src=/b' [src]='x src=/b' src=/a>",
	                                   "<img src=\" \n/a \">",
	                                   "<svg/><img src=/a>",
	                                   "<img alt=a\"b src=/a>",
	                                   "<img alt== src=/a>",
	                                   "<img alt='a<b' src=&#x2f;a>",
	                                   "<svg><path><img src=/a>",
	                                   "<svg><script href=x /><title/></svg><img src=/a>",
	                                   "<svg><title><img></title></svg><img src=/a>"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(tags); i++)
		assert_found(tags[i], "~</a>; rel=preload; as=image\n");
}

static void urls_that_cannot_be_hinted_are_left_out(void **state)
{
	static const char *const urls[] = {
		"",
		"#a",
		"data:text/css,",
		"blob:https://h.test/1",
		"javascript:1",
		"mailto:a@b.test",
		"ftp://a.test/",
		"https://user@h.test/a",
		"https:a.css",
		"a&#10;b",
		"a\x01",
		"/\\a.test/x",
		"\\\\a.test/x",
		"//",
		"page?q",
		"?q#x",
		"https://h.test/d/page?q",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(urls); i++) {
		char html[200];

		(void)snprintf(html, sizeof html, "<script src=\"%s\"></script>", urls[i]);
		assert_found(html, "");
	}
	/* as an absolute path this one would name a host */
	assert_found("<script src=//h.test//a.js></script><script src='.././/b.js#f'></script>",
	             "!<https://h.test//a.js>; rel=preload; as=script\n"
	             "!<https://h.test//b.js>; rel=preload; as=script\n");
}

static void what_is_found_again_is_given_once_and_as_urgently(void **state)
{
	(void)state;
	assert_found(
		"<link rel=preload as=style href=/a.css><link rel=preload as=script href=/b.js>"
		"<link rel=stylesheet href=/a.css><script src=/c.js defer></script>"
		"<script src=/c.js></script></head><script src=/b.js></script>",
		"!</a.css>; rel=preload; as=style\n</b.js>; rel=preload; as=script\n"
		"!</c.js>; rel=preload; as=script\n");
}

static void the_end_of_the_head_is_told(void **state)
{
	static const struct {
		const char *html;
		size_t bytes;
	} pages[] = {{"<html><head><title>a</title></head ><body>", 36},
	             {"<head><!-- </head> --><body class='>'>x", 38},
	             {"<meta charset=utf-8><p>text", 20},
	             {"<p>text<p>", 1},
	             {"<head><title></head></title><script>'</head>'</script>", 0},
	             {"<head><template><p></template><link>", 0}};
	static struct scanned r;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(pages); i++) {
		scan(&r, pages[i].html);
		assert_int_equal(r.head_bytes, pages[i].bytes);
		assert_true(r.is_complete && !r.is_done);
	}
}

static void check_charset(const char *type, const char *html, const char *expected)
{
	static struct scanned r;
	struct fr_scan *s = fr_scan_new(S(PAGE), S(type), S(""));

	if (!s) {
		assert_null(expected);
		return;
	}
	fr_scan_free(&s);
	assert_non_null(expected);
	scan_pieces(&r, type, "", html, strlen(html), 0);
	if (strcmp(r.text, expected) != 0)
		fail_msg("%s, %s: %s", type, html, r.text);
}

static void characters_beyond_ascii_count_only_in_utf_8(void **state)
{
	static const char img[] =
		"<img src=/\xc3\xa9><img src=/a><img src=/&eacute;.b><img src=/\xe9>";
	static const char ascii[] = "~</a>; rel=preload; as=image\n";
	static const char all[] =
		"~</%C3%A9>; rel=preload; as=image\n~</a>; rel=preload; as=image\n"
		"~</%C3%A9.b>; rel=preload; as=image\n";
	char html[200];

	(void)state;
	check_charset("text/html; charset=UTF-8", img, all);
	check_charset("text/html;charset=\"utf-8\"; x", img, all);
	check_charset("text/html", img, ascii);
	check_charset("text/html; charset=windows-1252", img, ascii);
	check_charset("application/xhtml+xml; x=y; charset=Shift_JIS", img, ascii);
	(void)snprintf(html, sizeof html, "\xef\xbb\xbf%s", img);
	check_charset("text/html; charset=windows-1252", html, all);
	(void)snprintf(html, sizeof html, "<meta charset=utf-8>%s", img);
	check_charset("text/html", html, all);
	check_charset("text/html; charset=iso-8859-1", html, ascii);
	(void)snprintf(html, sizeof html,
	               "<meta http-equiv=Content-Type content='text/html; charset=utf-8'>%s", img);
	check_charset("text/html", html, all);
	(void)snprintf(html, sizeof html, "<meta charset=utf-16>%s", img);
	check_charset("text/html", html, all);
	(void)snprintf(html, sizeof html, "<meta charset=koi8-r><meta charset=utf-8>%s", img);
	check_charset("text/html", html, ascii);
}

/* Every other byte is zero. */
static size_t widen(const char *ascii, bool is_big, char *out)
{
	size_t n = strlen(ascii);

	for (size_t i = 0; i < n; i++) {
		out[2 * i + is_big] = ascii[i];
		out[2 * i + !is_big] = '\0';
	}
	return 2 * n;
}

static void pages_in_utf_16_are_read(void **state)
{
	static const char img[] = "<meta charset=utf-16><img src=/a?b>";
	static const struct {
		const char *type, *mark;
		bool is_big, is_found;
	} pages[] = {{"text/html; charset=utf-16le", "", false, true},
	             {"text/html; charset=UTF-16", "", false, true},
	             {"text/html; charset=ucs-2", "", false, true},
	             {"text/html; charset=utf-16be", "", true, true},
	             {"text/html; charset=unicodeFFFE", "", true, true},
	             {"text/html; charset=utf-16le", "\xfe\xff", true, true},
	             {"text/html; charset=utf-8", "\xff\xfe", false, true},
	             {"text/html", "\xff\xfe", false, true},
	             {"text/html", "\xfe\xff", true, true},
	             {"text/html; charset=utf-16be", "", false, false},
	             {"text/html", "", false, false}};
	static struct scanned r;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(pages); i++)
		for (size_t piece = 0; piece < 4; piece++) {
			char html[200];
			size_t n = strlen(pages[i].mark);

			memcpy(html, pages[i].mark, n);
			n += widen(img, pages[i].is_big, html + n);
			scan_pieces(&r, pages[i].type, "", html, n, piece);
			if (r.n != pages[i].is_found || (r.n && !strstr(r.text, "</a?b>;")))
				fail_msg("page %zu in pieces of %zu: %s", i, piece, r.text);
		}
	/* a mark of UTF-8 is stronger than the field */
	check_charset("text/html; charset=utf-16", "\xef\xbb\xbf<img src=/a>",
	              "~</a>; rel=preload; as=image\n");
}

static void characters_of_utf_16_are_written_as_utf_8(void **state)
{
	/* e with acute accent, a hanzi, a surrogate pair; halves of pairs are nothing */
	static const char img[] = "<\0i\0m\0g\0 \0s\0r\0c\0=\0/\0\xe9\0\x2d\x4e\x3d\xd8\x00\xde>\0"
				  "<\0i\0m\0g\0 \0s\0r\0c\0=\0/\0\x3d\xd8>\0"
				  "<\0i\0m\0g\0 \0s\0r\0c\0=\0/\0\x00\xde>\0";
	static struct scanned r;

	(void)state;
	scan_pieces(&r, "text/html; charset=utf-16le", "", img, sizeof img - 1, 1);
	assert_string_equal(r.text, "~</%C3%A9%E4%B8%AD%F0%9F%98%80>; rel=preload; as=image\n");
}

static void pages_that_are_not_ascii_are_not_looked_at(void **state)
{
	static const char nuls[] = "<img\0 src=/a><img src=/\0b><img src=/c\0>";
	static struct scanned r;

	(void)state;
	check_charset("text/html; charset=ISO-2022-JP", "", NULL);
	check_charset("text/html", "<meta charset=iso-2022-kr><img src=/a>", "");
	/* a NUL is no space and ends no name */
	scan_pieces(&r, "text/html", "", nuls, sizeof nuls - 1, 0);
	assert_int_equal(r.n, 0);
}

static void only_html_is_wanted(void **state)
{
	(void)state;
	assert_true(fr_scan_wants(S("Text/HTML ;charset=x"), S("")));
	assert_true(fr_scan_wants(S("application/xhtml+xml"), S("GZIP")));
	assert_true(fr_scan_wants(S("text/html"), S(" br")));
	assert_false(fr_scan_wants(S("text/htmlx"), S("")));
	assert_false(fr_scan_wants(S(""), S("")));
	assert_false(fr_scan_wants(S("text/html"), S("gzip, br")));
	assert_true(fr_scan_wants(S("text/html"), S("deflate")));
	assert_true(fr_scan_wants(S("text/html"), S("zstd")));
	assert_false(fr_scan_wants(S("text/html"), S("compress")));
	assert_null(fr_scan_new(S(PAGE), S("text/plain"), S("")));
	assert_null(fr_scan_new(S(PAGE), S("text/html"), S("compress")));
	assert_null(fr_scan_new(S("/no-origin"), S("text/html"), S("")));
}

static void in_xhtml_an_empty_element_is_whole(void **state)
{
	static const char html[] =
		"<head><title/><script src='/a.js'/><script src='/b.js'/></head>";
	static struct scanned r;

	(void)state;
	scan_pieces(&r, "application/xhtml+xml", "", html, sizeof html - 1, 0);
	assert_string_equal(r.text, "!</a.js>; rel=preload; as=script\n"
	                            "!</b.js>; rel=preload; as=script\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(style_sheets_of_the_head_block),
		cmocka_unit_test(style_sheets_that_are_not_used_are_left_out),
		cmocka_unit_test(preloads_keep_all_that_says_which_request_they_are),
		cmocka_unit_test(connections_to_other_origins_are_found),
		cmocka_unit_test(a_url_is_given_once_for_each_request),
		cmocka_unit_test(scripts_block_only_in_the_head_and_if_they_must),
		cmocka_unit_test(modules_are_found_and_what_is_not_for_them_is_left_out),
		cmocka_unit_test(the_first_images_are_found),
		cmocka_unit_test(pictures_with_sources_are_for_the_client_to_choose),
		cmocka_unit_test(the_first_base_counts_for_what_follows_it),
		cmocka_unit_test(what_is_only_text_gives_nothing),
		cmocka_unit_test(comments_end_where_browsers_end_them),
		cmocka_unit_test(tags_are_read_however_they_are_written),
		cmocka_unit_test(urls_that_cannot_be_hinted_are_left_out),
		cmocka_unit_test(what_is_found_again_is_given_once_and_as_urgently),
		cmocka_unit_test(the_end_of_the_head_is_told),
		cmocka_unit_test(characters_beyond_ascii_count_only_in_utf_8),
		cmocka_unit_test(pages_in_utf_16_are_read),
		cmocka_unit_test(characters_of_utf_16_are_written_as_utf_8),
		cmocka_unit_test(pages_that_are_not_ascii_are_not_looked_at),
		cmocka_unit_test(only_html_is_wanted),
		cmocka_unit_test(in_xhtml_an_empty_element_is_whole),
	};

	RUN(tests);
}
