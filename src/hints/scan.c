/* Finds in a page's HTML what it needs, from the tags that libxml2 reads one at a time. */
#include "hints/scan.h"

#include <libxml/HTMLparser.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hints/scan_priv.h"
#include "http/media_type.h"

/* For one element: its URL, twice as long and three times as long again when
 * it is encoded, and attributes. */
#define SCRATCH_BYTES (64u * 1024)
/* Of a page in UTF-16 that is turned into UTF-8 at once; on the stack. */
#define UTF16_PIECE_BYTES 1024u

const struct fr_decode_limits fr_scan_decode_limits = {.bytes = FR_SCAN_MAX_BYTES,
                                                       .decoder_bytes = FR_SCAN_MAX_DECODER_BYTES,
                                                       .ratio = FR_SCAN_MAX_RATIO};

#define FIRST_TEXT "<!DOCTYPE html><html><body>"
/* The name under which the parser gets every element: void and of no meaning
 * to it, so that it keeps no stack and reads no raw text after it. */
#define PLAIN_NAME "img"

/* --- the parser: attributes and entities --- */

static void on_element(void *user, const xmlChar *name, const xmlChar **attributes)
{
	struct fr_scan *s = user;

	if (!s->tag || s->is_read || xmlStrcmp(name, BAD_CAST PLAIN_NAME) != 0)
		return;
	s->is_read = true;
	fr_scan_element(s, fr_str_from(s->tag->name), attributes);
}

static bool open_parser(struct fr_scan *s)
{
	htmlSAXHandler sax = {.startElement = on_element};

	s->parser = htmlCreatePushParserCtxt(&sax, s, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!s->parser)
		return false;
	/* a meta element does not change what we give it; not HTML_PARSE_RECOVER:
	 * with it the push parser stops where a piece ends after a start tag */
	(void)htmlCtxtUseOptions(s->parser, HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
	                                            HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
	(void)htmlParseChunk(s->parser, FIRST_TEXT, sizeof FIRST_TEXT - 1, 0);
	return true;
}

static void close_parser(struct fr_scan *s)
{
	if (s->parser)
		htmlFreeParserCtxt(s->parser);
	s->parser = NULL;
}

/* The length of the UTF-8 sequence at p (RFC 3629); 0 if there is none. */
static size_t sequence(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
		if (p[i] < low || p[i] > high)
			return 0;
	return n;
}

/* What the parser would stumble over becomes a DEL, which no URL may hold:
 * controls and what is not UTF-8. With it libxml2 would change the charset. */
static void clean(uint8_t *p, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = 1;
		if (p[i] >= 0x80) {
			n = sequence(p + i, len - i);
			if (n == 0) {
				p[i] = 0x7f;
				n = 1;
			}
		} else if (p[i] == '\f') {
			p[i] = ' ';
		} else if (p[i] < ' ' && p[i] != '\t' && p[i] != '\n' && p[i] != '\r') {
			p[i] = 0x7f;
		}
	}
}

/* Has the parser read the tag's attributes; on_element is called from within. */
static void read_tag(struct fr_scan *s, const struct fr_scan_tag *tag)
{
	uint8_t text[sizeof PLAIN_NAME + FR_SCAN_MAX_TAG_BYTES + 3] = "<" PLAIN_NAME;
	size_t n = sizeof PLAIN_NAME;

	if (tag->attributes.len)
		memcpy(text + n, tag->attributes.p, tag->attributes.len);
	clean(text + n, tag->attributes.len);
	n += tag->attributes.len;
	memcpy(text + n, " >", 2);
	s->tag = tag;
	s->is_read = false;
	(void)htmlParseChunk(s->parser, (const char *)text, (int)n + 2, 0);
	s->tag = NULL;
	if (s->is_read && s->parser->input && s->parser->input->cur == s->parser->input->end)
		return;
	/* it took this for more or less than one tag: nothing may be left in it */
	close_parser(s);
	s->is_done |= ++s->odd_tags > FR_SCAN_MAX_ODD_TAGS || !open_parser(s);
}

/* --- where in the page we are --- */

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Elements whose content is text to a browser with scripts. */
static bool is_raw(const char *name)
{
	static const char *const names[] = {"script",  "style",    "title",  "textarea", "noscript",
	                                    "noembed", "noframes", "iframe", "xmp"};

	return is_one_of(name, names, FR_ARRAY_LEN(names));
}

static bool may_be_in_head(const char *name)
{
	static const char *const names[] = {
		"html",  "head",     "base",     "link",     "meta",    "script",  "style",
		"title", "noscript", "template", "noframes", "bgsound", "basefont"};

	return is_one_of(name, names, FR_ARRAY_LEN(names));
}

/* Start tags that end svg and math, of those that are common. */
static bool ends_foreign(const char *name)
{
	static const char *const names[] = {"img", "meta",  "head", "body", "div", "p",  "span",
	                                    "ul",  "table", "h1",   "h2",   "h3",  "br", "hr"};

	return is_one_of(name, names, FR_ARRAY_LEN(names));
}

static void end_head(struct fr_scan *s, size_t at)
{
	if (!s->head_bytes)
		s->head_bytes = at ? at : 1; /* 0 says that it has not ended */
}

static void on_end_tag(struct fr_scan *s, const struct fr_scan_tag *tag)
{
	if (strcmp(tag->name, "head") == 0)
		end_head(s, tag->end);
	else if (strcmp(tag->name, "template") == 0)
		s->templates -= s->templates > 0;
	else if (strcmp(tag->name, "svg") == 0 || strcmp(tag->name, "math") == 0)
		s->foreign -= s->foreign > 0;
	else if (strcmp(tag->name, "picture") == 0)
		s->in_picture = false;
}

/* Takes note of what begins here. False: nothing in it counts. */
static bool place(struct fr_scan *s, const struct fr_scan_tag *tag)
{
	const char *name = tag->name;
	bool is_empty;

	if (s->foreign && ends_foreign(name))
		s->foreign = 0;
	is_empty = tag->is_self_closing && (s->foreign || s->is_xhtml);
	if (is_raw(name) && !is_empty)
		fr_scan_tags_raw(&s->tags);
	else if (strcmp(name, "plaintext") == 0)
		s->is_done = true;
	else if (strcmp(name, "template") == 0 && !s->foreign)
		s->templates += !is_empty;
	else if (strcmp(name, "svg") == 0 || strcmp(name, "math") == 0)
		s->foreign += !tag->is_self_closing;
	if (s->templates || s->foreign)
		return false;
	if (!may_be_in_head(name))
		end_head(s, strcmp(name, "body") == 0 ? tag->end : tag->begin);
	if (strcmp(name, "picture") == 0) {
		s->in_picture = !is_empty;
		s->has_sources = false;
	} else if (strcmp(name, "source") == 0) {
		s->has_sources = true;
	}
	return true;
}

static void on_tag(void *user, const struct fr_scan_tag *tag)
{
	struct fr_scan *s = user;

	if (tag->is_end)
		on_end_tag(s, tag);
	else if (place(s, tag) && !tag->is_cut && tag->attributes.p)
		read_tag(s, tag);
	if (s->is_done)
		fr_scan_tags_stop(&s->tags);
}

/* --- feeding --- */

static void feed_tags(struct fr_scan *s, const char *p, size_t len)
{
	char utf8[FR_SCAN_UTF16_ROOM(UTF16_PIECE_BYTES)];

	while (len && !s->is_done) {
		size_t n = len;

		if (s->is_utf16) {
			n = len < UTF16_PIECE_BYTES ? len : UTF16_PIECE_BYTES;
			fr_scan_tags_feed(&s->tags, utf8,
			                  fr_scan_utf16_feed(&s->utf16, p, n, utf8));
		} else {
			fr_scan_tags_feed(&s->tags, p, n);
		}
		p += n;
		len -= n;
	}
}

/* A byte order mark says what the charset is, whatever else says
 * (https://encoding.spec.whatwg.org/#bom-sniff). */
static void take_mark(struct fr_scan *s)
{
	bool is_big = s->first[0] == 0xfe && s->first[1] == 0xff;
	bool is_little = s->first[0] == 0xff && s->first[1] == 0xfe;
	bool is_utf8 = memcmp(s->first, "\xef\xbb\xbf", sizeof s->first) == 0;

	if (is_big || is_little || is_utf8) {
		s->has_charset = s->is_utf8 = true;
		s->is_utf16 = !is_utf8;
		s->utf16.is_big_endian = is_big;
	}
	feed_tags(s, (const char *)s->first, sizeof s->first);
}

static void on_data(void *user, const char *p, size_t len)
{
	struct fr_scan *s = user;

	for (; len && s->n_first < sizeof s->first; len--) {
		s->first[s->n_first++] = (uint8_t)*p++;
		if (s->n_first == sizeof s->first)
			take_mark(s);
	}
	feed_tags(s, p, len);
	if (s->is_done)
		fr_decoder_stop(s->decode);
}

void fr_scan_feed(struct fr_scan *s, const void *data, size_t len)
{
	fr_decoder_feed(s->decode, data, len);
}

bool fr_scan_is_done(const struct fr_scan *s)
{
	return s->is_done || fr_decoder_is_over(s->decode);
}

size_t fr_scan_head_bytes(const struct fr_scan *s)
{
	return s->head_bytes;
}

size_t fr_scan_end(struct fr_scan *s, const struct fr_scan_hint **out, bool *is_complete)
{
	*out = s->hints;
	*is_complete = !s->is_done && fr_decoder_is_whole(s->decode);
	return s->n;
}

/* --- lifecycle --- */

bool fr_scan_is_html(struct fr_str content_type)
{
	struct fr_str type = fr_media_type_of(content_type);

	return fr_str_iis(type, "text/html") || fr_str_iis(type, "application/xhtml+xml");
}

bool fr_scan_wants(struct fr_str content_type, struct fr_str encoding)
{
	return fr_scan_is_html(content_type) && fr_can_decode(encoding);
}

static void init_libxml(void)
{
	xmlInitParser();
}

struct fr_scan *fr_scan_new(struct fr_str page_url, struct fr_str content_type,
                            struct fr_str encoding)
{
	/* libxml2 wants one thread to begin with it */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fr_str charset = fr_scan_charset_of(content_type);
	struct fr_scan *s;

	if (!fr_scan_wants(content_type, encoding))
		return NULL;
	(void)pthread_once(&once, init_libxml);
	s = fr_calloc(1, sizeof *s);
	fr_arena_init(&s->text, FR_SCAN_MAX_TEXT_BYTES);
	fr_arena_init(&s->scratch, SCRATCH_BYTES);
	s->has_charset = charset.len > 0;
	s->is_xhtml = !fr_str_iis(fr_media_type_of(content_type), "text/html");
	fr_scan_tags_init(&s->tags, on_tag, s);
	s->decode = fr_decoder_new(encoding, &fr_scan_decode_limits, on_data, s);
	if (!s->decode || fr_url_parse(&s->text, page_url, &s->page) < 0 ||
	    !fr_scan_take_charset(s, charset) || !open_parser(s)) {
		fr_scan_free(&s);
		return NULL;
	}
	s->base = s->page;
	return s;
}

void fr_scan_free(struct fr_scan **sp)
{
	struct fr_scan *s = *sp;

	if (!s)
		return;
	close_parser(s);
	fr_decoder_free(&s->decode);
	fr_arena_fini(&s->text);
	fr_arena_fini(&s->scratch);
	free(s);
	*sp = NULL;
}
