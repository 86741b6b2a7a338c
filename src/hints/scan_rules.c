/* What each element asks for: one function an element, after the HTML
 * standard's rules for fetching links, scripts and images. */
#include <string.h>

#include "base/mem.h"
#include "hints/scan_priv.h"

/* One element while it is looked at. */
struct element {
	struct fr_scan *scan;
	const unsigned char **attributes;
	bool is_refused; /* holds what no hint may hold */
};

/* --- attributes --- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static struct fr_str trim(struct fr_str s)
{
	while (s.len && is_space(s.p[0]))
		s = fr_str_sub(s, 1, s.len);
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* As the parser gives it, without white space around; p is NULL if there is
 * none, not if it is empty. */
static struct fr_str attribute(const struct element *e, const char *name)
{
	for (size_t i = 0; e->attributes && e->attributes[i]; i += 2)
		if (fr_str_iis(fr_str_from((const char *)e->attributes[i]), name))
			return e->attributes[i + 1]
			               ? trim(fr_str_from((const char *)e->attributes[i + 1]))
			               : FR_STR("");
	return (struct fr_str){0};
}

static bool has(const struct element *e, const char *name)
{
	return attribute(e, name).p != NULL;
}

/* Printable ASCII with single spaces, in the scratch arena: what a field value
 * can hold. Else the whole element is refused, because a hint that lacks one
 * of its attributes asks for something else than the page will. */
static struct fr_str tidy(struct element *e, struct fr_str value, size_t max_bytes)
{
	char *p;
	size_t n = 0;

	if (!value.p)
		return value;
	p = value.len > max_bytes ? NULL : fr_arena_alloc(&e->scan->scratch, value.len);
	e->is_refused |= !p;
	for (size_t i = 0; p && i < value.len; i++) {
		char c = is_space(value.p[i]) ? ' ' : value.p[i];

		e->is_refused |= c < ' ' || c > '~';
		if (c != ' ' || (n && p[n - 1] != ' '))
			p[n++] = c;
	}
	return p ? fr_str_make(p, n) : (struct fr_str){0};
}

static struct fr_str tidy_attribute(struct element *e, const char *name)
{
	return tidy(e, attribute(e, name), FR_SCAN_MAX_VALUE_BYTES);
}

/* The next word of a list separated by white space. */
static bool next_word(struct fr_str *rest, struct fr_str *word)
{
	size_t n = 0;

	*rest = trim(*rest);
	while (n < rest->len && !is_space(rest->p[n]))
		n++;
	*word = fr_str_sub(*rest, 0, n);
	*rest = fr_str_sub(*rest, n, rest->len);
	return n > 0;
}

static bool has_word(struct fr_str list, const char *wanted)
{
	struct fr_str word;

	while (next_word(&list, &word))
		if (fr_str_iis(word, wanted))
			return true;
	return false;
}

/* Those that every hint can have. */
static struct fr_scan_hint common(struct element *e, unsigned rel)
{
	struct fr_scan_hint h = {.link = {.rels = rel}};
	struct fr_str cors = attribute(e, "crossorigin");

	if (cors.p)
		h.link.crossorigin = fr_str_iis(cors, "use-credentials") ? FR_CORS_CREDENTIALS
		                                                         : FR_CORS_ANONYMOUS;
	h.link.integrity = tidy_attribute(e, "integrity");
	h.link.referrerpolicy = tidy_attribute(e, "referrerpolicy");
	h.link.fetchpriority = tidy_attribute(e, "fetchpriority");
	h.is_late = fr_str_iis(h.link.fetchpriority, "low");
	return h;
}

/* --- URLs --- */

static bool is_ascii(struct fr_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* The http(s) URL that the attribute names, in the scratch arena. */
static bool resolve(struct fr_scan *s, struct fr_str ref, struct fr_url *out)
{
	if (ref.len == 0 || ref.len > FR_SCAN_MAX_URL_BYTES || ref.p[0] == '#')
		return false;
	if (!s->is_utf8 && !is_ascii(ref))
		return false;
	/* to browsers a host follows; see http/url.h */
	if (ref.len > 1 && is_slash(ref.p[0]) && is_slash(ref.p[1]) &&
	    (ref.p[0] == '\\' || ref.p[1] == '\\'))
		return false;
	return fr_url_resolve(&s->scratch, &s->base, ref, out) == 0 &&
	       out->target.len <= FR_SCAN_MAX_URL_BYTES;
}

/* As fr_scan_end promises it. False: no memory. */
static bool write_url(struct fr_scan *s, const struct fr_url *url, struct fr_str *out)
{
	char port[8] = "";

	if (fr_url_same_origin(url, &s->page) && !fr_str_starts(url->target, FR_STR("//"))) {
		*out = url->target;
		return true;
	}
	if (url->port != fr_scheme_default_port(url->scheme)) {
		port[0] = ':';
		port[1 + fr_i64_format(port + 1, url->port)] = '\0';
	}
	return fr_arena_printf(&s->scratch, out, "%.*s://%.*s%s%.*s", FR_STR_ARG(url->scheme),
	                       FR_STR_ARG(url->host), port, FR_STR_ARG(url->target)) == 0;
}

static bool is_page(const struct fr_scan *s, const struct fr_url *url)
{
	return fr_url_same_origin(url, &s->page) && fr_str_eq(url->target, s->page.target);
}

/* --- hints --- */

/* By which credentials a request goes: a module's is by CORS, written or not. */
static enum fr_crossorigin mode_of(const struct fr_link *l)
{
	if ((l->rels & FR_REL_MODULEPRELOAD) && l->crossorigin == FR_CORS_NONE)
		return FR_CORS_ANONYMOUS;
	return l->crossorigin;
}

static struct fr_str as_of(const struct fr_link *l)
{
	return (l->rels & FR_REL_MODULEPRELOAD) && !l->as.len ? FR_STR("script") : l->as;
}

/* The same request? What is fetched for one destination, or with or without
 * credentials, is not used for another; nor is a connection. */
static bool is_same(const struct fr_link *a, const struct fr_link *b)
{
	bool connects = (a->rels & FR_REL_PRECONNECT) != 0;

	if (connects != ((b->rels & FR_REL_PRECONNECT) != 0))
		return false;
	return fr_str_eq(a->target, b->target) && mode_of(a) == mode_of(b) &&
	       (connects || fr_str_ieq(as_of(a), as_of(b)));
}

static bool known(struct fr_scan *s, const struct fr_scan_hint *h)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!is_same(&s->hints[i].link, &h->link))
			continue;
		s->hints[i].is_blocking |= h->is_blocking;
		s->hints[i].is_late &= h->is_late;
		return true;
	}
	return false;
}

static bool keep(struct fr_scan *s, struct fr_str *text)
{
	return !text->p || fr_arena_copy(&s->text, *text, text) == 0;
}

/* Gives the hint, if it is new and its URL is one. True: given, or known. */
static bool add(struct element *e, struct fr_scan_hint h, struct fr_str ref)
{
	struct fr_scan *s = e->scan;
	struct fr_link *l = &h.link;
	struct fr_url url;

	if (e->is_refused || !resolve(s, ref, &url) || !write_url(s, &url, &l->target))
		return false;
	if ((l->rels & FR_REL_PRECONNECT) ? fr_url_same_origin(&url, &s->page) : is_page(s, &url))
		return false;
	if (known(s, &h))
		return true;
	if (!keep(s, &l->target) || !keep(s, &l->as) || !keep(s, &l->type) || !keep(s, &l->media) ||
	    !keep(s, &l->imagesrcset) || !keep(s, &l->imagesizes) || !keep(s, &l->integrity) ||
	    !keep(s, &l->referrerpolicy) || !keep(s, &l->fetchpriority)) {
		s->is_done = true;
		return false;
	}
	s->hints[s->n++] = h;
	s->is_done |= s->n == FR_SCAN_MAX_HINTS;
	return true;
}

/* Its URLs would be resolved against the page where they are hinted. */
static bool take_srcset(struct element *e, struct fr_link *l, const char *set, const char *sizes)
{
	struct fr_str value = attribute(e, set);

	if (value.len == 0)
		return true;
	if (e->scan->has_base)
		return false;
	l->imagesrcset = tidy(e, value, FR_SCAN_MAX_URL_BYTES);
	l->imagesizes = tidy_attribute(e, sizes);
	return true;
}

/* --- elements --- */

/* One of the listed media is there on every screen. */
static bool media_matches(struct fr_str media)
{
	struct fr_str item;

	if (media.len == 0)
		return true;
	while (fr_str_next_item(&media, &item)) {
		item = trim(item);
		if (fr_str_iis(item, "all") || fr_str_iis(item, "screen") ||
		    fr_str_iis(item, "only screen"))
			return true;
	}
	return false;
}

static bool is_css(struct fr_str type)
{
	return type.len == 0 ||
	       fr_str_iis(trim(fr_str_sub(type, 0, fr_str_find(type, ';'))), "text/css");
}

static void style_sheet(struct element *e, struct fr_str rel)
{
	struct fr_scan_hint h = common(e, FR_REL_PRELOAD);

	if (has_word(rel, "alternate") || has(e, "disabled") ||
	    !media_matches(attribute(e, "media")) || !is_css(attribute(e, "type")))
		return;
	h.link.as = FR_STR("style");
	h.link.type = tidy_attribute(e, "type");
	h.is_blocking = e->scan->head_bytes == 0;
	(void)add(e, h, attribute(e, "href"));
}

static void preload(struct element *e)
{
	struct fr_scan_hint h = common(e, FR_REL_PRELOAD);

	h.link.as = tidy_attribute(e, "as");
	h.link.type = tidy_attribute(e, "type");
	h.link.media = tidy_attribute(e, "media");
	h.is_late |= fr_str_iis(h.link.as, "image");
	if (h.link.as.len && take_srcset(e, &h.link, "imagesrcset", "imagesizes"))
		(void)add(e, h, attribute(e, "href"));
}

static void module_preload(struct element *e)
{
	struct fr_scan_hint h = common(e, FR_REL_MODULEPRELOAD);

	h.link.as = tidy_attribute(e, "as");
	h.link.type = tidy_attribute(e, "type");
	h.link.media = tidy_attribute(e, "media");
	h.is_late = true;
	(void)add(e, h, attribute(e, "href"));
}

static void on_link(struct element *e)
{
	struct fr_str rel = attribute(e, "rel");

	if (has_word(rel, "stylesheet"))
		style_sheet(e, rel);
	else if (has_word(rel, "preload"))
		preload(e);
	else if (has_word(rel, "modulepreload"))
		module_preload(e);
	else if (has_word(rel, "preconnect"))
		(void)add(e, common(e, FR_REL_PRECONNECT), attribute(e, "href"));
}

/* JavaScript's media types (RFC 9239 §6, and those that browsers still take). */
static bool is_javascript(struct fr_str type)
{
	return type.len == 0 || fr_str_iis(type, "text/javascript") ||
	       fr_str_iis(type, "application/javascript") ||
	       fr_str_iis(type, "application/x-javascript") ||
	       fr_str_iis(type, "text/ecmascript") || fr_str_iis(type, "application/ecmascript");
}

static void on_script(struct element *e)
{
	struct fr_str type = attribute(e, "type");
	bool is_module = fr_str_iis(type, "module");
	struct fr_scan_hint h = common(e, is_module ? FR_REL_MODULEPRELOAD : FR_REL_PRELOAD);

	if (!is_module && (!is_javascript(type) || has(e, "nomodule")))
		return;
	/* a module is fetched as its element says, without what preload would
	 * have to say: a missing crossorigin means the same to both */
	if (!is_module)
		h.link.as = FR_STR("script");
	h.is_blocking =
		!is_module && e->scan->head_bytes == 0 && !has(e, "async") && !has(e, "defer");
	h.is_late = !h.is_blocking;
	(void)add(e, h, attribute(e, "src"));
}

static void on_img(struct element *e)
{
	struct fr_scan *s = e->scan;
	struct fr_scan_hint h;

	if (s->n_images == FR_SCAN_MAX_IMAGES || (s->in_picture && s->has_sources) ||
	    fr_str_iis(attribute(e, "loading"), "lazy"))
		return;
	h = common(e, FR_REL_PRELOAD);
	h.link.as = FR_STR("image");
	h.is_late = true;
	if (take_srcset(e, &h.link, "srcset", "sizes") && add(e, h, attribute(e, "src")))
		s->n_images++;
}

static void on_base(struct element *e)
{
	struct fr_scan *s = e->scan;
	struct fr_str href = attribute(e, "href");
	struct fr_url url, kept;

	if (!href.p || s->has_base)
		return;
	s->has_base = true;
	if (!resolve(s, href, &url))
		return;
	kept = url;
	if (keep(s, &kept.host) && keep(s, &kept.target))
		s->base = kept;
	else
		s->is_done = true;
}

/* --- charsets --- */

/* Those in which ASCII bytes are not ASCII, but for UTF-16. */
static bool is_scannable(struct fr_str charset)
{
	static const char *const others[] = {"utf-32",    "utf32",     "utf-7",
	                                     "iso-2022-", "csiso2022", "hz-gb"};

	for (size_t i = 0; i < FR_ARRAY_LEN(others); i++)
		if (fr_str_istarts(charset, fr_str_from(others[i])))
			return false;
	return true;
}

static bool is_utf8(struct fr_str charset)
{
	return fr_str_iis(charset, "utf-8") || fr_str_iis(charset, "utf8") ||
	       fr_str_iis(charset, "unicode-1-1-utf-8");
}

/* Its names (https://encoding.spec.whatwg.org/#names-and-labels). */
static bool take_utf16(struct fr_scan *s, struct fr_str charset)
{
	static const char *const little[] = {"utf-16",         "utf-16le",    "ucs-2",
	                                     "unicode",        "unicodefeff", "csunicode",
	                                     "iso-10646-ucs-2"};
	static const char *const big[] = {"utf-16be", "unicodefffe"};

	for (size_t i = 0; i < FR_ARRAY_LEN(little); i++)
		s->is_utf16 |= fr_str_iis(charset, little[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(big); i++)
		s->utf16.is_big_endian |= fr_str_iis(charset, big[i]);
	s->is_utf16 |= s->utf16.is_big_endian;
	s->is_utf8 |= s->is_utf16;
	return s->is_utf16;
}

bool fr_scan_take_charset(struct fr_scan *s, struct fr_str charset)
{
	if (!s->n_first && take_utf16(s, charset))
		return true;
	s->is_utf8 |= is_utf8(charset);
	return is_utf8(charset) || is_scannable(charset);
}

struct fr_str fr_scan_charset_of(struct fr_str content_type)
{
	size_t n = fr_str_find(content_type, ';');

	while (n < content_type.len) {
		struct fr_str item;

		content_type = fr_str_sub(content_type, n + 1, content_type.len);
		n = fr_str_find(content_type, ';');
		item = trim(fr_str_sub(content_type, 0, n));
		if (!fr_str_istarts(item, FR_STR("charset=")))
			continue;
		item = fr_str_sub(item, 8, item.len);
		if (item.len >= 2 && item.p[0] == '"' && item.p[item.len - 1] == '"')
			item = fr_str_sub(item, 1, item.len - 1);
		return trim(item);
	}
	return FR_STR("");
}

/* Only as far as it tells that the page is UTF-8, or that it is not ours; a
 * declaration in ASCII cannot be true of UTF-16 (HTML standard: it is UTF-8). */
static void on_meta(struct element *e)
{
	struct fr_str charset = attribute(e, "charset");

	if (!charset.p && fr_str_iis(attribute(e, "http-equiv"), "content-type"))
		charset = fr_scan_charset_of(attribute(e, "content"));
	if (fr_str_istarts(charset, FR_STR("utf-16")))
		charset = FR_STR("utf-8");
	if (e->scan->has_charset || !charset.len)
		return;
	e->scan->has_charset = true;
	e->scan->is_done |= !fr_scan_take_charset(e->scan, charset);
}

void fr_scan_element(struct fr_scan *s, struct fr_str name, const unsigned char **attributes)
{
	static const struct {
		const char *name;
		void (*read)(struct element *e);
	} readers[] = {{"link", on_link},
	               {"script", on_script},
	               {"img", on_img},
	               {"base", on_base},
	               {"meta", on_meta}};
	struct element e = {.scan = s, .attributes = attributes};

	for (size_t i = 0; i < FR_ARRAY_LEN(readers); i++)
		if (fr_str_is(name, readers[i].name))
			readers[i].read(&e);
	fr_arena_reset(&s->scratch);
}
