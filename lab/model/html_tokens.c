/* The states of the tokenizer, and what waits for more bytes. */
#include "lab/model/html_tokens.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* What waits for more: an unfinished tag, or the beginning of something. */
#define WAITING_BYTES (FR_HTML_TAG_BYTES + (64u << 10))
/* Text is handed on in such pieces. */
#define TEXT_BYTES 65536u
/* The longest beginning that must be seen to be recognised: "</plaintext" and the like. */
#define AHEAD_BYTES 16u

enum state {
	DATA,
	TEXT,      /* the content of an element that is text: as far as its end tag */
	PLAINTEXT, /* all that follows is text */
	COMMENT,
	BOGUS, /* a comment that ends with ">" */
	CDATA,
	LONG_TAG /* one that is dropped */
};

enum script { /* what stands in a script's text */
	      SCRIPT_PLAIN,
	      SCRIPT_ESCAPED, /* behind "<!--" */
	      SCRIPT_DOUBLE   /* behind "<!-- <script": its end tag ends no script */
};

struct fr_html_tokens {
	struct fr_html_events events;
	void *user; /* borrowed */
	struct fr_buf waiting;
	struct fr_html_tag tag;
	char within[16]; /* the element of state TEXT */
	char *values;    /* owned; of the tag's attributes, resolved; FR_HTML_TAG_BYTES */
	size_t values_len;
	unsigned foreign; /* depth of svg and math */
	unsigned html;    /* depth of elements of SVG that hold HTML */
	enum state state;
	enum script script;
	bool has_begun; /* a byte order mark is behind */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

struct fr_str fr_html_attribute(const struct fr_html_tag *tag, const char *name)
{
	for (size_t i = 0; i < tag->n; i++)
		if (fr_str_iis(tag->attributes[i].name, name))
			return tag->attributes[i].value;
	return (struct fr_str){NULL, 0};
}

/* --- character references --- */

static size_t put_utf8(char *to, unsigned long c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80)
		return (to[0] = (char)c, 1);
	if (c < 0x800)
		return (to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 0x3f)), 2);
	if (c < 0x10000)
		return (to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 0x3f)),
		        to[2] = (char)(0x80 | (c & 0x3f)), 3);
	return (to[0] = (char)(0xf0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 0x3f)),
	        to[2] = (char)(0x80 | (c >> 6 & 0x3f)), to[3] = (char)(0x80 | (c & 0x3f)), 4);
}

/* "&#1078;" and "&#x436;": the number, and how long it is; 0: it is none. */
static size_t numeric(struct fr_str s, unsigned long *c)
{
	bool hex = s.len > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
	size_t i = hex ? 3 : 2;
	size_t from = i;

	for (*c = 0; i < s.len && fr_char_is(s.p[i], hex ? FR_CH_HEX : FR_CH_DIGIT); i++) {
		unsigned digit = fr_char_is(s.p[i], FR_CH_DIGIT)
		                         ? (unsigned)(s.p[i] - '0')
		                         : (unsigned)(fr_ascii_lower(s.p[i]) - 'a') + 10;

		*c = *c > 0x10ffff ? *c : *c * (hex ? 16 : 10) + digit;
	}
	if (i == from)
		return 0;
	return i + (i < s.len && s.p[i] == ';');
}

/* "&eacute;": of the names that HTML 4 has; others stay as they are. In an attribute a
 * name without ";" before a letter or "=" is none: "?a=1&copy=2". */
static size_t named(struct fr_str s, bool in_attribute, unsigned long *c)
{
	char name[16];
	size_t n = 1;
	const htmlEntityDesc *found;

	while (n < s.len && n < sizeof name && fr_char_is(s.p[n], FR_CH_ALPHA | FR_CH_DIGIT))
		n++;
	if (n == 1 || n == sizeof name)
		return 0;
	memcpy(name, s.p + 1, n - 1);
	name[n - 1] = '\0';
	found = htmlEntityLookup((const xmlChar *)name);
	if (!found || ((n == s.len || s.p[n] != ';') && (in_attribute || found->value > 0xff)))
		return 0;
	*c = found->value;
	return n + (n < s.len && s.p[n] == ';');
}

/* Copies s with its references resolved, which makes it no longer ("&#0" has the three
 * bytes of U+FFFD); returns the length. */
static size_t resolve(char *to, struct fr_str s, bool in_attribute)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len;) {
		struct fr_str rest = fr_str_sub(s, i, s.len);
		unsigned long c = 0;
		size_t taken = 0;

		if (rest.p[0] == '&' && rest.len > 1)
			taken = rest.p[1] == '#' ? numeric(rest, &c)
			                         : named(rest, in_attribute, &c);
		if (taken) {
			n += put_utf8(to + n, c);
			i += taken;
		} else {
			to[n++] = s.p[i++];
		}
	}
	return n;
}

/* --- tags --- */

static size_t skip_space(struct fr_str s, size_t at)
{
	while (at < s.len && is_space(s.p[at]))
		at++;
	return at;
}

/* Where the tag that s begins with ends, after its ">"; 0: not yet. */
static size_t tag_end(struct fr_str s)
{
	char quote = 0;
	bool in_value = false; /* after "=": quotes count there alone */

	for (size_t i = 1; i < s.len; i++) {
		char c = s.p[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '>') {
			return i + 1;
		} else if ((c == '"' || c == '\'') && in_value) {
			quote = c;
			in_value = false;
		} else if (c == '=') {
			in_value = true;
		} else if (!is_space(c)) {
			in_value = false;
		}
	}
	return 0;
}

static struct fr_str keep_value(struct fr_html_tokens *t, struct fr_str raw)
{
	char *to = t->values + t->values_len;
	size_t n = resolve(to, raw, true);

	t->values_len += n;
	return fr_str_make(to, n);
}

/* One attribute at s[at]; returns where the next begins. */
static size_t take_attribute(struct fr_html_tokens *t, struct fr_str s, size_t at)
{
	struct fr_html_attribute a = {.value = {"", 0}};
	size_t from = at;

	at += s.p[at] == '='; /* a name may begin with one */
	while (at < s.len && !is_space(s.p[at]) && !strchr("/>=", s.p[at]))
		at++;
	a.name = fr_str_sub(s, from, at);
	from = skip_space(s, at);
	if (from < s.len && s.p[from] == '=') {
		from = at = skip_space(s, from + 1);
		if (at < s.len && (s.p[at] == '"' || s.p[at] == '\'')) {
			at = from + 1 + fr_str_find(fr_str_sub(s, from + 1, s.len), s.p[from]);
			a.value = keep_value(t, fr_str_sub(s, from + 1, at));
			at++;
		} else {
			while (at < s.len && !is_space(s.p[at]) && s.p[at] != '>')
				at++;
			a.value = keep_value(t, fr_str_sub(s, from, at));
		}
	}
	if (t->tag.n < FR_HTML_MAX_ATTRIBUTES && a.name.len)
		t->tag.attributes[t->tag.n++] = a;
	return at;
}

/* Reads "<name ...>" or "</name ...>" (offset: of the name) into t->tag. */
static void read_tag(struct fr_html_tokens *t, struct fr_str s, size_t offset)
{
	size_t at = offset;

	t->tag.n = 0;
	t->values_len = 0;
	while (at < s.len && !is_space(s.p[at]) && s.p[at] != '/' && s.p[at] != '>') {
		t->values[t->values_len++] = fr_ascii_lower(s.p[at]);
		at++;
	}
	t->tag.name = fr_str_make(t->values, t->values_len);
	t->tag.closes_itself = false;
	for (at = skip_space(s, at); at < s.len && s.p[at] != '>'; at = skip_space(s, at)) {
		t->tag.closes_itself = s.p[at] == '/';
		at = s.p[at] == '/' ? at + 1 : take_attribute(t, s, at);
	}
}

/* Elements whose content is text. */
static bool holds_text(struct fr_str name)
{
	static const char *const names[] = {"script",   "style",   "title",    "textarea", "xmp",
	                                    "noscript", "noembed", "noframes", "iframe"};

	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		if (fr_str_is(name, names[i]))
			return true;
	return false;
}

static bool is_foreign(const struct fr_html_tokens *t)
{
	return t->foreign > t->html;
}

/* Elements of SVG whose content is HTML again. */
static bool holds_html(struct fr_str name)
{
	return fr_str_is(name, "foreignobject") || fr_str_is(name, "desc") ||
	       fr_str_is(name, "title");
}

static void start(struct fr_html_tokens *t, struct fr_str s)
{
	struct fr_str name;
	bool roots;

	read_tag(t, s, 1);
	name = t->tag.name;
	roots = fr_str_is(name, "svg") || fr_str_is(name, "math");
	t->tag.is_foreign = is_foreign(t) || roots;
	t->events.on_start(t->user, &t->tag);
	if (t->tag.is_foreign) {
		if (!t->tag.closes_itself) {
			t->html += is_foreign(t) && holds_html(name);
			t->foreign += roots;
		}
		return;
	}
	if (fr_str_is(name, "plaintext")) {
		t->state = PLAINTEXT;
	} else if (holds_text(name)) {
		t->state = TEXT;
		t->script = SCRIPT_PLAIN;
		memcpy(t->within, name.p, name.len);
		t->within[name.len] = '\0';
	}
}

static void end_tag(struct fr_html_tokens *t, struct fr_str s)
{
	struct fr_str name;

	read_tag(t, s, 2);
	name = t->tag.name;
	if ((fr_str_is(name, "svg") || fr_str_is(name, "math")) && t->foreign) {
		t->foreign--;
		t->html = t->html < t->foreign ? t->html : t->foreign;
	} else if (holds_html(name) && t->html) {
		t->html--;
	}
	t->state = DATA;
	t->events.on_end(t->user, name);
}

/* --- text --- */

/* Of the first n bytes of s, those up to the last whole character. */
static size_t whole_characters(struct fr_str s, size_t n)
{
	size_t back = 0, needed;
	unsigned char first;

	if (!n)
		return 0;
	while (back < 3 && back + 1 < n && ((unsigned char)s.p[n - 1 - back] & 0xc0) == 0x80)
		back++;
	first = (unsigned char)s.p[n - 1 - back];
	needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	return back + 1 < needed ? n - 1 - back : n;
}

/* Of the text s, which goes on: what cuts neither a character nor a reference. */
static size_t whole_text(struct fr_str s)
{
	size_t n = whole_characters(s, s.len);

	for (size_t back = 1; back <= AHEAD_BYTES && back <= s.len; back++)
		if (s.p[s.len - back] == '&')
			n = s.len - back;
	return n;
}

static void put_text(struct fr_html_tokens *t, struct fr_str text)
{
	struct fr_str within = fr_str_from(t->state == TEXT ? t->within : "");
	bool resolves = !within.len || fr_str_is(within, "title") || fr_str_is(within, "textarea");

	while (text.len) {
		size_t n = text.len > TEXT_BYTES ? whole_characters(text, TEXT_BYTES) : text.len;
		struct fr_str piece = fr_str_sub(text, 0, n);

		text = fr_str_sub(text, piece.len, text.len);
		if (resolves && fr_str_find(piece, '&') < piece.len)
			piece = fr_str_make(t->values, resolve(t->values, piece, false));
		t->events.on_text(t->user, within, piece);
	}
}

static bool is_word(struct fr_str s, const char *word)
{
	size_t n = strlen(word);

	return fr_str_istarts(s, fr_str_from(word)) &&
	       (s.len == n || is_space(s.p[n]) || s.p[n] == '/' || s.p[n] == '>');
}

/* Is this "</" and the element that is being read? */
static bool ends_element(const struct fr_html_tokens *t, struct fr_str s)
{
	return s.len > 2 && s.p[1] == '/' && is_word(fr_str_sub(s, 2, s.len), t->within);
}

/* A "<" or "-" in a script's text changes what its end tag means. */
static void step_script(struct fr_html_tokens *t, struct fr_str s)
{
	if (fr_str_starts(s, FR_STR("-->")))
		t->script = SCRIPT_PLAIN;
	else if (t->script == SCRIPT_PLAIN && fr_str_starts(s, FR_STR("<!--")))
		/* "<!-->" and "<!--->" end at once */
		t->script = fr_str_starts(fr_str_sub(s, 4, s.len), FR_STR(">")) ||
		                            fr_str_starts(fr_str_sub(s, 4, s.len), FR_STR("->"))
		                    ? SCRIPT_PLAIN
		                    : SCRIPT_ESCAPED;
	else if (t->script == SCRIPT_ESCAPED && s.p[0] == '<' &&
	         is_word(fr_str_sub(s, 1, s.len), "script") && s.len > 7)
		t->script = SCRIPT_DOUBLE;
	else if (t->script == SCRIPT_DOUBLE && ends_element(t, s))
		t->script = SCRIPT_ESCAPED;
}

/* The content of an element that is text. Returns how much of s was taken. */
static size_t take_text(struct fr_html_tokens *t, struct fr_str s, bool end)
{
	bool script = strcmp(t->within, "script") == 0;
	size_t at = 0;

	for (; at < s.len; at++) {
		struct fr_str rest = fr_str_sub(s, at, s.len);
		bool was_double = t->script == SCRIPT_DOUBLE;

		if (rest.p[0] != '<' && !(script && rest.p[0] == '-'))
			continue;
		if (rest.len < AHEAD_BYTES && !end)
			break;
		if (script)
			step_script(t, rest);
		if (!was_double && ends_element(t, rest)) {
			size_t tag = tag_end(rest);

			if (!tag && !end && rest.len < FR_HTML_TAG_BYTES)
				break;
			put_text(t, fr_str_sub(s, 0, at));
			if (tag)
				end_tag(t, fr_str_sub(rest, 0, tag));
			return tag ? at + tag : s.len;
		}
	}
	if (at == s.len && !end)
		at = whole_text(s);
	put_text(t, fr_str_sub(s, 0, at));
	return at;
}

/* --- markup --- */

/* What begins with "<" in DATA. Returns how much was taken; 0: more bytes are needed. */
static size_t take_markup(struct fr_html_tokens *t, struct fr_str s, bool end)
{
	char next = s.len > 1 ? s.p[1] : '\0';
	bool closes = next == '/';
	char first = closes && s.len > 2 ? s.p[2] : next;

	if (s.len < AHEAD_BYTES && !end && !tag_end(s))
		return 0;
	if (fr_char_is(first, FR_CH_ALPHA)) {
		size_t n = tag_end(s);

		if (!n && s.len < FR_HTML_TAG_BYTES && !end)
			return 0;
		if (!n || n > FR_HTML_TAG_BYTES) {
			t->state = n ? DATA : LONG_TAG;
			return n ? n : s.len;
		}
		if (closes)
			end_tag(t, fr_str_sub(s, 0, n));
		else
			start(t, fr_str_sub(s, 0, n));
		return n;
	}
	if (fr_str_starts(s, FR_STR("<!-->")) || fr_str_starts(s, FR_STR("<!--->")))
		return fr_str_find(s, '>') + 1;
	if (fr_str_starts(s, FR_STR("<!--"))) {
		t->state = COMMENT;
		return 4;
	}
	if (is_foreign(t) && fr_str_starts(s, FR_STR("<![CDATA["))) {
		t->state = CDATA;
		return 9;
	}
	if (next == '!' || next == '?' || (closes && s.len > 2)) {
		t->state = BOGUS;
		return 2;
	}
	put_text(t, fr_str_sub(s, 0, 1));
	return 1;
}

static size_t take_data(struct fr_html_tokens *t, struct fr_str s, bool end)
{
	size_t n = fr_str_find(s, '<');
	size_t whole = n;

	if (n == 0)
		return take_markup(t, s, end);
	if (n == s.len && !end)
		whole = whole_text(s);
	put_text(t, fr_str_sub(s, 0, whole));
	return whole;
}

/* Skips to one of the two endings; what may be the beginning of one waits. */
static size_t skip_to(struct fr_html_tokens *t, struct fr_str s, const char *ending,
                      const char *other)
{
	for (size_t i = 0; i < s.len; i++) {
		struct fr_str rest = fr_str_sub(s, i, s.len);
		size_t n = fr_str_starts(rest, fr_str_from(ending))  ? strlen(ending)
		           : fr_str_starts(rest, fr_str_from(other)) ? strlen(other)
		                                                     : 0;

		if (n) {
			t->state = DATA;
			return i + n;
		}
	}
	return s.len > 3 ? s.len - 3 : 0;
}

static size_t step(struct fr_html_tokens *t, struct fr_str s, bool end)
{
	switch (t->state) {
	case DATA:
		return take_data(t, s, end);
	case TEXT:
		return take_text(t, s, end);
	case PLAINTEXT:
		put_text(t, s);
		return s.len;
	case COMMENT:
		return skip_to(t, s, "-->", "--!>");
	case CDATA:
		return skip_to(t, s, "]]>", "]]>");
	case BOGUS:
	case LONG_TAG:
		return skip_to(t, s, ">", ">");
	}
	return s.len;
}

static void skip_mark(struct fr_html_tokens *t)
{
	if (t->has_begun || fr_buf_len(&t->waiting) < 3)
		return;
	t->has_begun = true;
	if (memcmp(fr_buf_data(&t->waiting), "\xef\xbb\xbf", 3) == 0)
		fr_buf_consume(&t->waiting, 3);
}

static void take_waiting(struct fr_html_tokens *t, bool end)
{
	size_t n;

	skip_mark(t);
	while (fr_buf_len(&t->waiting)) {
		n = step(t,
		         fr_str_make((const char *)fr_buf_data(&t->waiting),
		                     fr_buf_len(&t->waiting)),
		         end);
		if (!n)
			break;
		fr_buf_consume(&t->waiting, n);
	}
}

struct fr_html_tokens *fr_html_tokens_new(const struct fr_html_events *events, void *user)
{
	struct fr_html_tokens *t = fr_calloc(1, sizeof *t);

	t->events = *events;
	t->user = user;
	t->values = fr_malloc(WAITING_BYTES);
	fr_buf_init(&t->waiting, WAITING_BYTES);
	return t;
}

void fr_html_tokens_free(struct fr_html_tokens **tp)
{
	if (!*tp)
		return;
	fr_buf_fini(&(*tp)->waiting);
	free((*tp)->values);
	free(*tp);
	*tp = NULL;
}

void fr_html_tokens_feed(struct fr_html_tokens *t, const uint8_t *data, size_t len, bool end)
{
	while (len) {
		size_t room = WAITING_BYTES - fr_buf_len(&t->waiting);
		size_t n = len < room ? len : room;

		/* what waits is less than a tag may have: there is room */
		if (!n || fr_buf_append(&t->waiting, data, n) < 0)
			return;
		data += n;
		len -= n;
		take_waiting(t, false);
	}
	if (end)
		take_waiting(t, true);
}
