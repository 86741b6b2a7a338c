/* What pages and style sheets load, construct by construct. */
#include "lab/model/markup.h"
#include "lab/model/media.h"
#include "lab/model/style.h"
#include "unit.h"

struct found {
	char text[2048];
};

static void note(struct found *f, const char *format, struct fr_str url, const char *what)
{
	size_t n = strlen(f->text);

	(void)snprintf(f->text + n, sizeof f->text - n, format, FR_STR_ARG(url), what);
}

static void on_asset(void *user, const struct fr_markup_asset *a)
{
	char what[64];

	(void)snprintf(what, sizeof what, "%s%s%s%s%s%s", fr_as_str(a->as),
	               a->is_blocking ? "!" : "", a->is_late ? "-" : "", a->is_lazy ? "~" : "",
	               a->is_preload ? "?" : "", a->is_cors ? "+" : "");
	note(user, "%.*s:%s ", a->url, what);
}

static void on_base(void *user, struct fr_str url)
{
	note(user, "base %.*s%s ", url, "");
}

static void on_style(void *user, struct fr_str css, bool applies)
{
	note(user, "{%.*s}%s ", css, applies ? "" : "-");
}

static void on_declarations(void *user, struct fr_str css)
{
	note(user, "style=%.*s%s ", css, "");
}

static void on_content(void *user)
{
	note(user, "%.*s%s ", S("|"), "");
}

static const struct fr_markup_events events = {.on_asset = on_asset,
                                               .on_base = on_base,
                                               .on_style = on_style,
                                               .on_declarations = on_declarations,
                                               .on_content = on_content};

static void scan(const char *html, size_t piece, struct found *f, struct fr_names *names)
{
	struct fr_markup *m = fr_markup_new(&events, f, names);

	for (size_t at = 0; at < strlen(html); at += piece) {
		size_t n = strlen(html) - at;

		fr_markup_feed(m, (const uint8_t *)html + at, n < piece ? n : piece, false);
	}
	fr_markup_feed(m, NULL, 0, true);
	fr_markup_free(&m);
}

static void expect(const char *html, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(html); piece += 13) {
		struct fr_names names = {.has_others = false};
		struct found f = {{0}};

		scan(html, piece, &f, &names);
		if (strcmp(f.text, expected) != 0)
			fail_msg("pieces of %zu: %s", piece, f.text);
	}
}

static void assets_are_found_as_a_browser_finds_them(void **state)
{
	(void)state;
	expect("<!doctype html><head><link rel=stylesheet href=a.css><script src=b.js></script>"
	       "<script src=c.js defer></script><link rel=icon href=i.svg></head>"
	       "<body><img src=d.svg><p>text</p><script src=e.js></script>",
	       "a.css:style! b.js:script! c.js:script- | d.svg:image e.js:script ");
}

static void modules_preloads_and_other_media_are_told_apart(void **state)
{
	(void)state;
	expect("<head><script type=module src=m.js></script><script nomodule src=o.js></script>"
	       "<link rel=modulepreload href=n.js><link rel=preload href=f.woff2 as=font "
	       "crossorigin>"
	       "<link rel=stylesheet media=print href=p.css>"
	       "<link rel='stylesheet' media='(min-width: 600px)' href=w.css></head>",
	       "m.js:script-+ n.js:script-?+ f.woff2:font?+ p.css:style- w.css:style! ");
}

static void what_is_not_shown_gives_nothing(void **state)
{
	(void)state;
	expect("<head><noscript><link rel=stylesheet href=n.css></noscript></head><body>"
	       "<template><img src=t.png></template><!-- <img src=c.png> -->"
	       "<script>document.write('<img src=s.png>')</script><img src='data:image/png,x'>"
	       "<img src=real.png>",
	       "| real.png:image ");
}

static void a_picture_takes_the_source_that_applies(void **state)
{
	(void)state;
	expect("<body><picture><source media='(max-width: 500px)' srcset=small.webp>"
	       "<source type=image/webp srcset='a.webp 640w, b.webp 1280w, c.webp 2560w'>"
	       "<img src=old.png></picture><img srcset='x.png, y.png 2x' src=z.png>"
	       "<img src=l.png loading=lazy>",
	       "b.webp:image | x.png:image l.png:image~ ");
}

static void base_and_style_are_reported(void **state)
{
	(void)state;
	expect("<head><base href=/sub/><style>p{color:red}</style><style media=print>q{}</style>"
	       "</head><body style=\"background:url('bg.png')\">",
	       "base /sub/ {p{color:red}} {q{}}- style=background:url('bg.png') ");
}

static void media_queries_are_judged_by_the_window(void **state)
{
	(void)state;
	assert_true(fr_media_applies(S("")));
	assert_true(fr_media_applies(S("screen and (min-width: 40em)")));
	assert_true(fr_media_applies(S("print, screen")));
	assert_true(fr_media_applies(S("not print")));
	assert_false(fr_media_applies(S("print")));
	assert_false(fr_media_applies(S("(max-width: 767px)")));
	assert_false(fr_media_applies(S("(prefers-color-scheme: dark)")));
	assert_true(fr_media_applies(S("(unheard-of: yes)"))); /* may apply */
}

/* --- style sheets --- */

static void on_import(void *user, int sheet, struct fr_str url, bool applies)
{
	(void)sheet;
	note(user, "%.*s:%s ", url, applies ? "import" : "import-");
}

static void on_font(void *user, int sheet, struct fr_str url)
{
	(void)sheet;
	note(user, "%.*s:%s ", url, "font");
}

static void on_picture(void *user, int sheet, struct fr_str url)
{
	(void)sheet;
	note(user, "%.*s:%s ", url, "picture");
}

static void expect_style(const char *html, const char *css, const char *expected)
{
	const struct fr_styles_events style_events = {
		.on_import = on_import, .on_font = on_font, .on_picture = on_picture};
	struct fr_names names = {.has_others = false};
	struct found ignored = {{0}}, f = {{0}};
	struct fr_styles *s = fr_styles_new(&style_events, &f);

	scan(html, 4096, &ignored, &names);
	fr_styles_add(s, 1, S(css), true);
	fr_styles_apply(s, &names);
	fr_styles_apply(s, &names); /* nothing is reported twice */
	if (strcmp(f.text, expected) != 0)
		fail_msg("found: %s", f.text);
	fr_styles_free(&s);
}

static void imports_are_loaded_whatever_their_media_are(void **state)
{
	(void)state;
	expect_style("<p>",
	             "@charset 'utf-8'; @import \"a.css\"; @import url(b.css) print;"
	             "/* @import 'c.css'; */ @import url('d.css') screen;",
	             "a.css:import b.css:import- d.css:import ");
}

static void pictures_are_loaded_where_their_rule_applies(void **state)
{
	(void)state;
	expect_style("<div class='hero wide' id=top><a>",
	             ".hero.wide > a{background:url(a.png)} .none{background:url(b.png)}"
	             "#top{background:url(\"data:image/png,x\")} a:hover{background:url(c.png)}"
	             "@media print{.hero{background:url(d.png)}}"
	             "@media (min-width:1000px){.hero{background:#fff url( 'e f.png' )}}"
	             "span, div::before{content:url(g.png)}",
	             "a.png:picture e f.png:picture g.png:picture ");
}

static void imports_have_layers_and_conditions(void **state)
{
	(void)state;
	expect_style("<p>",
	             "@import url(a.css) layer; @import 'b.css' layer(x) screen;"
	             "@import 'c.css' layer(x) supports(display: grid) print;"
	             "@import 'd.css' supports(display: grid) (width >= 40em);"
	             "@import url('e.css') supports(not (display: grid))",
	             "a.css:import b.css:import c.css:import- d.css:import ");
}

static void rules_may_stand_in_rules(void **state)
{
	(void)state;
	expect_style("<div class=card><b class=in>",
	             ".card{color:red;.in{background:url(a.png)} &:hover{background:url(b.png)}"
	             ".none{background:url(c.png)} background:url(d.png);"
	             "@media (width >= 40em){background:url(e.png)}"
	             "@media print{background:url(f.png)}}"
	             ".none{.in{background:url(g.png)} @media all{background:url(h.png)}}"
	             ".card{--x:{a:b};background:url(i.png)}",
	             "a.png:picture d.png:picture e.png:picture i.png:picture ");
}

static void of_an_image_set_one_is_loaded(void **state)
{
	(void)state;
	expect_style(
		"<p>",
		"p{background:image-set(url(a2.png) 2x, url(a1.png) 1x), url(b.png)}"
		"p{background:-webkit-image-set(url('c.png') 1x,url(c2.png) 2x)}"
		"p{background:image-set('d.avif' type('image/avif'),'d.png' type('image/png'))}",
		"a1.png:picture b.png:picture c.png:picture d.avif:picture ");
}

static void of_a_font_the_parts_with_the_pages_characters_are_loaded(void **state)
{
	static const char faces[] =
		"@font-face{font-family:T;src:url(cyrillic.woff2);unicode-range:U+0301,U+0400-045F}"
		"@font-face{font-family:T;src:url(greek.woff2);unicode-range:U+37?,U+0380-03FF}"
		"@font-face{font-family:T;src:url(latin.woff2);unicode-range:U+0000-00FF}"
		"@font-face{font-family:T;src:url(emoji.woff2);unicode-range:U+1F6??}"
		"@font-face{font-family:T;src:url(plane.woff2);unicode-range:U+20000-2FFFF}"
		"@font-face{font-family:T;src:url(odd.woff2);unicode-range:U+XYZ}"
		"body{font-family:T}";

	(void)state;
	expect_style("<body>abc", faces, "latin.woff2:font odd.woff2:font ");
	expect_style("<body>\xd0\xb0\xd0\xb1", faces, "cyrillic.woff2:font odd.woff2:font ");
	expect_style("<body>&alpha;", faces, "greek.woff2:font odd.woff2:font ");
	expect_style("<body>\xf0\x9f\x98\x80 \xf0\xa0\x80\x80", faces,
	             "latin.woff2:font emoji.woff2:font plane.woff2:font odd.woff2:font ");
}

static void of_a_font_the_faces_that_are_asked_for_are_loaded(void **state)
{
	static const char faces[] =
		"@font-face{font-family:'Text';font-weight:400;src:url(t4.eot);src:url(t4.eot?#"
		"iefix) "
		"format('embedded-opentype'),url(t4.woff2) format('woff2'),url(t4.woff)}"
		"@font-face{font-family:Text;font-weight:700;src:url(t7.woff2)}"
		"@font-face{font-family:Text;font-weight:300;src:url(t3.woff2)}"
		"@font-face{font-family:Text;unicode-range:U+0400-045F;src:url(cyrillic.woff2)}"
		"@font-face{font-family:Icons;font-weight:900;src:url(solid.woff2)}"
		"@font-face{font-family:Icons;font-weight:400;src:url(regular.woff2)}"
		":root{--main-font: 'Text', sans-serif}body{font-family:var(--main-font)}"
		".fa{font-family:Icons;font-weight:900}.far{font-family:Icons}"
		".mono{font-family:monospace,Unreached}"
		"@font-face{font-family:Unreached;src:url(u.woff2)}";

	(void)state;
	expect_style("<body><p class=mono>x", faces, "t4.woff2:font ");
	expect_style("<body><p>x <b>y</b><span class=fa>", faces,
	             "t4.woff2:font t7.woff2:font solid.woff2:font ");
}

/* As icon fonts have it: family and weight in different rules, icons in <i>. */
static void a_weight_belongs_to_the_family_that_its_selector_has(void **state)
{
	static const char icons[] =
		"@font-face{font-family:Text;src:url(t4.woff2)}"
		"@font-face{font-family:Text;font-weight:900;src:url(t9.woff2)}"
		"@font-face{font-family:Text;font-style:italic;src:url(ti.woff2)}"
		"@font-face{font-family:Icons;font-weight:900;src:url(solid.woff2)}"
		"@font-face{font-family:Icons;font-weight:400;src:url(regular.woff2)}"
		"body{font-family:Text}.fa,.far,.fas{font-family:Icons}.fa,.fas{font-weight:900}"
		".far{font-weight:400}.big{font-weight:900}";

	(void)state;
	expect_style("<body>x <i class=fas></i>", icons, "t4.woff2:font solid.woff2:font ");
	expect_style("<body>x <i class=far></i>", icons, "t4.woff2:font regular.woff2:font ");
	expect_style("<body>x <i>y</i><b class=big></b>", icons,
	             "t4.woff2:font t9.woff2:font ti.woff2:font ");
}

static void selectors_are_judged_by_names(void **state)
{
	struct fr_names names = {.has_others = false};
	struct found ignored = {{0}};

	(void)state;
	scan("<body class='a b:c'><ul id=list><li>", 4096, &ignored, &names);
	assert_true(fr_selector_applies(S("body.a ul#list > li"), &names));
	assert_true(fr_selector_applies(S(".zz, li:not(.x, .y)"), &names));
	assert_true(fr_selector_applies(S(".b\\:c"), &names));
	assert_true(fr_selector_applies(S("[data-x=\"1,2\"] li"), &names));
	assert_false(fr_selector_applies(S("ol li"), &names));
	assert_false(fr_selector_applies(S(".a:focus"), &names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assets_are_found_as_a_browser_finds_them),
		cmocka_unit_test(modules_preloads_and_other_media_are_told_apart),
		cmocka_unit_test(what_is_not_shown_gives_nothing),
		cmocka_unit_test(a_picture_takes_the_source_that_applies),
		cmocka_unit_test(base_and_style_are_reported),
		cmocka_unit_test(media_queries_are_judged_by_the_window),
		cmocka_unit_test(imports_are_loaded_whatever_their_media_are),
		cmocka_unit_test(pictures_are_loaded_where_their_rule_applies),
		cmocka_unit_test(imports_have_layers_and_conditions),
		cmocka_unit_test(rules_may_stand_in_rules),
		cmocka_unit_test(of_an_image_set_one_is_loaded),
		cmocka_unit_test(of_a_font_the_parts_with_the_pages_characters_are_loaded),
		cmocka_unit_test(of_a_font_the_faces_that_are_asked_for_are_loaded),
		cmocka_unit_test(a_weight_belongs_to_the_family_that_its_selector_has),
		cmocka_unit_test(selectors_are_judged_by_names),
	};

	RUN(tests);
}
