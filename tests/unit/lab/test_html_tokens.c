/* HTML cut into tags and text as browsers do, wherever pieces end. */
#include "lab/model/html_tokens.h"
#include "unit.h"

struct cut {
	char text[4096];
	size_t n;
};

static void put(struct cut *c, const char *before, struct fr_str s, const char *after)
{
	int k = snprintf(c->text + c->n, sizeof c->text - c->n, "%s%.*s%s", before, FR_STR_ARG(s),
	                 after);

	c->n += k > 0 ? (size_t)k : 0;
}

static void on_start(void *user, const struct fr_html_tag *tag)
{
	put(user, "[", tag->name, "");
	for (size_t i = 0; i < tag->n; i++) {
		put(user, " ", tag->attributes[i].name, "=");
		put(user, "", tag->attributes[i].value, "");
	}
	put(user, "", S(""), tag->closes_itself ? "/]" : "]");
}

static void on_end(void *user, struct fr_str name)
{
	put(user, "[/", name, "]");
}

static void on_text(void *user, struct fr_str within, struct fr_str text)
{
	(void)within;
	put(user, "", text, "");
}

static void expect(const char *html, const char *expected)
{
	const struct fr_html_events events = {
		.on_start = on_start, .on_end = on_end, .on_text = on_text};

	for (size_t piece = 1; piece <= strlen(html); piece++) {
		struct cut c = {.n = 0};
		struct fr_html_tokens *t = fr_html_tokens_new(&events, &c);

		for (size_t at = 0; at < strlen(html); at += piece) {
			size_t left = strlen(html) - at;

			fr_html_tokens_feed(t, (const uint8_t *)html + at,
			                    left < piece ? left : piece, false);
		}
		fr_html_tokens_feed(t, NULL, 0, true);
		fr_html_tokens_free(&t);
		if (strcmp(c.text, expected) != 0)
			fail_msg("%s in pieces of %zu: %s", html, piece, c.text);
	}
}

static void html_is_cut_as_browsers_cut_it(void **state)
{
	static const struct {
		const char *html, *expected;
	} table[] = {
		{"a<P>b</P >c", "a[p]b[/p]c"},
		{"<a href=x>y", "[a href=x]y"},
		{"<a href='x'title=\"y\"z>", "[a href=x title=y z=]"},
		{"<a =x=y / b>", "[a =x=y b=]"},
		{"<br/>", "[br/]"},
		{"<a href=x/>", "[a href=x/]"},
		{"<a b='>' c=\">\">d", "[a b=> c=>]d"},
		{"<a b = c>", "[a b=c]"},
		{"<a b=&amp;&quot;&#65;&#x42;&copy;>", "[a b=&\"AB\xc2\xa9]"},
		{"<a b='?x=1&copy=2&lt'>", "[a b=?x=1&copy=2&lt]"},
		{"&lt;&#0;&nosuch;&#xD800;", "<\xef\xbf\xbd&nosuch;\xef\xbf\xbd"},
		{"\xef\xbb\xbf"
	         "a\xd0\xb6\xf0\x9f\x98\x80",
	         "a\xd0\xb6\xf0\x9f\x98\x80"},
		{"1<2 <3", "1<2 <3"},
		{"a<!-- <b> -->c", "ac"},
		{"a<!--><b><!---><c>", "a[b][c]"},
		{"a<!-- x --!><b>", "a[b]"},
		{"a<!-- x - -> -->b", "ab"},
		{"a<!-- x", "a"},
		{"<!doctype html><?xml x?></ y><!x>a", "a"},
		{"<script>a<b></script>c", "[script]a<b>[/script]c"},
		{"<script></scripty></script >c", "[script]</scripty>[/script]c"},
		{"<script><!--<script></script>--></script>c",
	         "[script]<!--<script></script>-->[/script]c"},
		{"<script><!-- x</script>c", "[script]<!-- x[/script]c"},
		{"<script><!--><script></script>c", "[script]<!--><script>[/script]c"},
		{"<style><a></style><b>", "[style]<a>[/style][b]"},
		{"<title>&lt;<a></title>", "[title]<<a>[/title]"},
		{"<textarea><a></textarea>", "[textarea]<a>[/textarea]"},
		{"<xmp><a></xmp>&amp;", "[xmp]<a>[/xmp]&"},
		{"<noscript><a></noscript>", "[noscript]<a>[/noscript]"},
		{"<plaintext><a></plaintext>", "[plaintext]<a></plaintext>"},
		{"<![CDATA[<a>]]>", "]]>"},
		{"<svg><![CDATA[<a>]]></svg>", "[svg][/svg]"},
		{"<svg><title><a></title></svg><title><a></title>",
	         "[svg][title][a][/title][/svg][title]<a>[/title]"},
		{"<a b='x", ""},
		{"<script>a", "[script]a"},
		{"<", "<"},
		{"</", "</"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++)
		expect(table[i].html, table[i].expected);
}

static void a_tag_without_an_end_is_dropped(void **state)
{
	const struct fr_html_events events = {
		.on_start = on_start, .on_end = on_end, .on_text = on_text};
	struct cut c = {.n = 0};
	struct fr_html_tokens *t = fr_html_tokens_new(&events, &c);
	uint8_t filler[4096];

	(void)state;
	memset(filler, 'x', sizeof filler);
	fr_html_tokens_feed(t, (const uint8_t *)"<p><a b=", 8, false);
	for (size_t n = 0; n < 2 * FR_HTML_TAG_BYTES; n += sizeof filler)
		fr_html_tokens_feed(t, filler, sizeof filler, false);
	fr_html_tokens_feed(t, (const uint8_t *)"><b>", 4, true);
	fr_html_tokens_free(&t);
	assert_string_equal(c.text, "[p][b]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_is_cut_as_browsers_cut_it),
		cmocka_unit_test(a_tag_without_an_end_is_dropped),
	};

	RUN(tests);
}
