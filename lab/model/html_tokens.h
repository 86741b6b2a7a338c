/* Cuts HTML into tags and text as browsers do (WHATWG HTML, 13.2.5): comments that end in
 * odd ways, text of scripts with scripts in it, elements whose content is text, CDATA in
 * SVG. Pieces may end anywhere. Scripting counts as on, so noscript holds text. Builds no
 * tree. No I/O. Used by markup.c. */
#ifndef FR_LAB_MODEL_HTML_TOKENS_H
#define FR_LAB_MODEL_HTML_TOKENS_H

#include "base/str.h"

/* A longer tag is dropped. */
#define FR_HTML_TAG_BYTES (256u << 10)
/* Of one tag; further ones are not looked at. */
#define FR_HTML_MAX_ATTRIBUTES 64u

struct fr_html_attribute {
	struct fr_str name;  /* as written */
	struct fr_str value; /* character references resolved */
};

struct fr_html_tag {        /* borrowed for the call */
	struct fr_str name; /* in lower case */
	struct fr_html_attribute attributes[FR_HTML_MAX_ATTRIBUTES];
	size_t n;
	bool is_foreign;    /* of SVG or MathML */
	bool closes_itself; /* ends with a slash, which counts in SVG and MathML */
};

struct fr_html_events {
	void (*on_start)(void *user, const struct fr_html_tag *tag);
	void (*on_end)(void *user, struct fr_str name);
	/* Text, in pieces. within: the element whose content is nothing but text ("script",
	 * "style", "title", ...); empty elsewhere. References are resolved elsewhere, in
	 * "title" and in "textarea". */
	void (*on_text)(void *user, struct fr_str within, struct fr_str text);
};

/* The value of an attribute; p is NULL if the tag has none of that name. */
struct fr_str fr_html_attribute(const struct fr_html_tag *tag, const char *name);

struct fr_html_tokens;
/* events are copied. Never NULL. */
struct fr_html_tokens *fr_html_tokens_new(const struct fr_html_events *events, void *user);
void fr_html_tokens_free(struct fr_html_tokens **t);
/* More of the page, UTF-8; events come from within. end: that was all. What is unfinished
 * then is dropped, as browsers drop it. */
void fr_html_tokens_feed(struct fr_html_tokens *t, const uint8_t *data, size_t len, bool end);

#endif
