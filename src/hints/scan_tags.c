/* Tells tags from text, scripts and comments in HTML as it arrives, before libxml2 sees
 * them. */
#include "hints/scan_tags.h"

enum state {
	TEXT,
	RAW,          /* text of a script, a title, ...: only its end tag ends it */
	RAW_OPEN,     /* '<' in it */
	RAW_END,      /* "</" in it, and raw_seen bytes of its name */
	RAW_BEGIN,    /* '<' in a comment of a script, and raw_seen bytes of "script" */
	RAW_MARKUP,   /* "<!" in a script */
	RAW_MARKUP_1, /* "<!-" */
	TAG_OPEN,     /* '<' */
	END_OPEN,     /* "</" */
	MARKUP,       /* "<!" */
	MARKUP_1,     /* "<!-" */
	BOGUS,        /* what ends at the next '>': doctypes, "<?", "</3" */
	COMMENT_0,    /* "<!--": may end at once */
	COMMENT_1,    /* "<!---" */
	COMMENT,
	COMMENT_DASH, /* '-' in a comment */
	COMMENT_END,  /* "--" */
	COMMENT_BANG, /* "--!" */
	/* from here on inside a tag */
	NAME,
	BEFORE_ATTRIBUTE,
	ATTRIBUTE,
	AFTER_ATTRIBUTE, /* white space after its name */
	BEFORE_VALUE,    /* '=' */
	VALUE,           /* without quotes */
	VALUE_DOUBLE,
	VALUE_SINGLE
};

/* What hides tags in the text of a script: `t->escape`. The names are the
 * standard's ("script data escaped", "double escaped"). */
enum escape {
	PLAIN,
	ESCAPED,       /* after "<!--": "<script" begins what "</script" does not end */
	DOUBLE_ESCAPED /* in that: "</script" ends it, and not the element */
};

void fr_scan_tags_init(struct fr_scan_tags *t, fr_scan_tag_found *on_tag, void *user)
{
	memset(t, 0, offsetof(struct fr_scan_tags, text));
	t->on_tag = on_tag;
	t->user = user;
	t->state = TEXT;
}

void fr_scan_tags_raw(struct fr_scan_tags *t)
{
	memcpy(t->raw, t->name, sizeof t->raw);
	t->state = RAW;
	t->escape = PLAIN;
	t->dashes = 0;
}

void fr_scan_tags_stop(struct fr_scan_tags *t)
{
	t->is_stopped = true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool ends_name(char c)
{
	return is_space(c) || c == '/' || c == '>';
}

/* --- tags --- */

/* Elements whose attributes matter. */
static bool is_wanted(const char *name)
{
	static const char *const wanted[] = {"base", "img", "link", "meta", "script"};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (strcmp(name, wanted[i]) == 0)
			return true;
	return false;
}

static void keep(struct fr_scan_tags *t, const char *p, size_t len)
{
	if (!t->is_kept || t->tag.is_cut)
		return;
	if (len > sizeof t->text - t->n) {
		t->tag.is_cut = true;
		return;
	}
	memcpy(t->text + t->n, p, len);
	t->n += len;
}

static void begin_tag(struct fr_scan_tags *t, bool is_end)
{
	t->tag = (struct fr_scan_tag){.begin = t->tag.begin, .is_end = is_end};
	t->name_len = t->n = t->n_attributes = 0;
	t->is_kept = t->has_slash = false;
	t->state = NAME;
}

static void end_name(struct fr_scan_tags *t)
{
	t->name[t->name_len <= FR_SCAN_MAX_NAME_BYTES ? t->name_len : 0] = '\0';
	t->is_kept = !t->tag.is_end && is_wanted(t->name);
	t->state = BEFORE_ATTRIBUTE;
}

static void end_tag(struct fr_scan_tags *t)
{
	t->state = TEXT;
	t->tag.name = t->name;
	t->tag.is_self_closing = t->has_slash;
	t->tag.end = t->at;
	if (t->is_kept && !t->tag.is_cut)
		t->tag.attributes = fr_str_make(t->text, t->n);
	t->on_tag(t->user, &t->tag);
}

static void name_char(struct fr_scan_tags *t, char c)
{
	if (t->name_len < FR_SCAN_MAX_NAME_BYTES)
		t->name[t->name_len] = c ? fr_ascii_lower(c) : '?';
	if (t->name_len <= FR_SCAN_MAX_NAME_BYTES)
		t->name_len++;
}

/* libxml2 takes fewer characters in a name than the standard does, and reads
 * on in the middle of a value after any other: those become '_'. No name of
 * interest has one. */
static void keep_name(struct fr_scan_tags *t, char c)
{
	bool is_taken = fr_char_is(c, FR_CH_ALPHA) || c == ':' ||
	                (t->name_bytes && (fr_char_is(c, FR_CH_DIGIT) || c == '-'));

	if (t->name_bytes++ < FR_SCAN_MAX_ATTRIBUTE_BYTES)
		keep(t, is_taken ? &c : "_", 1);
}

/* Where an attribute's name is, or may begin. A slash is as good as a space. */
static void around_attribute(struct fr_scan_tags *t, char c)
{
	t->has_slash = c == '/';
	if (is_space(c) || c == '/') {
		keep(t, " ", 1);
		if (c == '/')
			t->state = BEFORE_ATTRIBUTE;
		else if (t->state == ATTRIBUTE)
			t->state = AFTER_ATTRIBUTE;
	} else if (c == '=' && t->state != BEFORE_ATTRIBUTE) {
		keep(t, "=", 1);
		t->state = BEFORE_VALUE;
	} else {
		if (t->state != ATTRIBUTE) {
			t->name_bytes = 0;
			t->tag.is_cut |= ++t->n_attributes > FR_SCAN_MAX_ATTRIBUTES;
		}
		t->state = ATTRIBUTE;
		keep_name(t, c);
	}
}

/* Without quotes: gets them, so that one within is none to libxml2. */
static void plain_value(struct fr_scan_tags *t, char c)
{
	if (t->state == BEFORE_VALUE)
		keep(t, "\"", 1);
	t->state = is_space(c) ? BEFORE_ATTRIBUTE : VALUE;
	if (t->state == BEFORE_ATTRIBUTE)
		keep(t, "\" ", 2);
	else if (c == '"')
		keep(t, "&quot;", 6);
	else
		keep(t, &c, 1);
}

static void in_value(struct fr_scan_tags *t, char c)
{
	if (t->state == BEFORE_VALUE && is_space(c))
		return;
	if (t->state == VALUE || (t->state == BEFORE_VALUE && c != '"' && c != '\'')) {
		plain_value(t, c);
		return;
	}
	keep(t, &c, 1);
	if (t->state == BEFORE_VALUE) {
		t->state = c == '"' ? VALUE_DOUBLE : VALUE_SINGLE;
	} else { /* the closing quote: all before it was a run */
		keep(t, " ", 1);
		t->state = BEFORE_ATTRIBUTE;
	}
}

static void step_tag(struct fr_scan_tags *t, char c)
{
	if (t->state == NAME && !ends_name(c)) {
		name_char(t, c);
		return;
	}
	if (t->state == NAME)
		end_name(t);
	if (c == '>' && t->state != VALUE_DOUBLE && t->state != VALUE_SINGLE) {
		if (t->state == VALUE)
			keep(t, "\"", 1);
		end_tag(t);
	} else if (t->state >= BEFORE_VALUE) {
		in_value(t, c);
	} else {
		around_attribute(t, c);
	}
}

/* --- what is not a tag --- */

static bool is_script(const struct fr_scan_tags *t)
{
	return strcmp(t->raw, "script") == 0;
}

/* Text of the element. "-->" ends the escapes of a script. */
static void raw_text(struct fr_scan_tags *t, char c)
{
	t->state = RAW;
	if (c == '<') {
		t->state = RAW_OPEN;
		t->tag.begin = t->at - 1;
		t->dashes = 0;
	} else if (c == '-' && t->escape != PLAIN) {
		t->dashes++;
	} else {
		if (c == '>' && t->dashes >= 2)
			t->escape = PLAIN;
		t->dashes = 0;
	}
}

static void raw_open(struct fr_scan_tags *t, char c)
{
	t->raw_seen = 0;
	if (c == '/') {
		t->state = RAW_END;
	} else if (c == '!' && t->escape == PLAIN && is_script(t)) {
		t->state = RAW_MARKUP;
	} else if (t->escape == ESCAPED && fr_ascii_lower(c) == t->raw[0]) {
		t->state = RAW_BEGIN;
		t->raw_seen = 1;
	} else {
		raw_text(t, c);
	}
}

static void raw_end_tag(struct fr_scan_tags *t, char c)
{
	if (t->escape == DOUBLE_ESCAPED) {
		t->escape = ESCAPED;
		t->state = RAW;
		return;
	}
	begin_tag(t, true);
	memcpy(t->name, t->raw, t->raw_seen);
	t->name_len = t->raw_seen;
	step_tag(t, c);
}

/* "</script" or, in a comment of a script, "<script". */
static void raw_name(struct fr_scan_tags *t, char c)
{
	if (t->raw[t->raw_seen] && fr_ascii_lower(c) == t->raw[t->raw_seen]) {
		t->raw_seen++;
	} else if (t->raw[t->raw_seen] || !ends_name(c)) {
		raw_text(t, c);
	} else if (t->state == RAW_END) {
		raw_end_tag(t, c);
	} else {
		t->escape = DOUBLE_ESCAPED;
		t->state = RAW;
	}
}

static void raw_markup(struct fr_scan_tags *t, char c)
{
	if (c != '-') {
		raw_text(t, c);
	} else if (t->state == RAW_MARKUP) {
		t->state = RAW_MARKUP_1;
	} else {
		t->state = RAW;
		t->escape = ESCAPED;
		t->dashes = 2; /* "<!-->" is a whole comment */
	}
}

static void step_comment(struct fr_scan_tags *t, char c)
{
	bool may_end = t->state != COMMENT && t->state != COMMENT_DASH;

	if (c == '>' && may_end)
		t->state = TEXT;
	else if (c == '!' && t->state == COMMENT_END)
		t->state = COMMENT_BANG;
	else if (c != '-')
		t->state = COMMENT;
	else if (t->state == COMMENT_0)
		t->state = COMMENT_1;
	else if (t->state == COMMENT || t->state == COMMENT_BANG)
		t->state = COMMENT_DASH;
	else
		t->state = COMMENT_END;
}

static void step_open(struct fr_scan_tags *t, char c)
{
	bool is_end = t->state == END_OPEN;

	if (fr_char_is(c, FR_CH_ALPHA)) {
		begin_tag(t, is_end);
		name_char(t, c);
	} else if (is_end) {
		t->state = c == '>' ? TEXT : BOGUS;
	} else if (c == '/') {
		t->state = END_OPEN;
	} else if (c == '<') {
		t->tag.begin = t->at - 1;
	} else {
		t->state = c == '!' ? MARKUP : c == '?' ? BOGUS : TEXT;
	}
}

static void step(struct fr_scan_tags *t, char c)
{
	switch ((enum state)t->state) {
	case TEXT: /* the run before it ended at '<' */
		t->state = TAG_OPEN;
		t->tag.begin = t->at - 1;
		break;
	case RAW:
		raw_text(t, c);
		break;
	case RAW_OPEN:
		raw_open(t, c);
		break;
	case RAW_END:
	case RAW_BEGIN:
		raw_name(t, c);
		break;
	case RAW_MARKUP:
	case RAW_MARKUP_1:
		raw_markup(t, c);
		break;
	case TAG_OPEN:
	case END_OPEN:
		step_open(t, c);
		break;
	case MARKUP:
		t->state = c == '-' ? MARKUP_1 : c == '>' ? TEXT : BOGUS;
		break;
	case MARKUP_1:
		t->state = c == '-' ? COMMENT_0 : c == '>' ? TEXT : BOGUS;
		break;
	case BOGUS:
		t->state = TEXT;
		break;
	case COMMENT_0:
	case COMMENT_1:
	case COMMENT:
	case COMMENT_DASH:
	case COMMENT_END:
	case COMMENT_BANG:
		step_comment(t, c);
		break;
	case NAME:
	case BEFORE_ATTRIBUTE:
	case ATTRIBUTE:
	case AFTER_ATTRIBUTE:
	case BEFORE_VALUE:
	case VALUE:
	case VALUE_DOUBLE:
	case VALUE_SINGLE:
		step_tag(t, c);
		break;
	}
}

static size_t raw_run_length(const struct fr_scan_tags *t, struct fr_str s)
{
	size_t n;

	if (t->dashes)
		return 0;
	n = fr_str_find(s, '<');
	return t->escape == PLAIN ? n : fr_str_find(fr_str_sub(s, 0, n), '-');
}

/* How many bytes at the beginning of `s` change nothing in this state. */
static size_t run_length(const struct fr_scan_tags *t, struct fr_str s)
{
	switch (t->state) {
	case TEXT:
		return fr_str_find(s, '<');
	case RAW:
		return raw_run_length(t, s);
	case BOGUS:
		return fr_str_find(s, '>');
	case COMMENT:
		return fr_str_find(s, '-');
	case VALUE_DOUBLE:
		return fr_str_find(s, '"');
	case VALUE_SINGLE:
		return fr_str_find(s, '\'');
	default:
		return 0;
	}
}

void fr_scan_tags_feed(struct fr_scan_tags *t, const char *p, size_t len)
{
	while (len && !t->is_stopped) {
		size_t n = run_length(t, fr_str_make(p, len));

		if (t->state >= NAME)
			keep(t, p, n);
		t->at += n;
		if (n < len) {
			t->at++;
			step(t, p[n++]);
		}
		p += n;
		len -= n;
	}
}
