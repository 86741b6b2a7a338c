/* Splits HTML into tags, as the HTML standard's tokenizer does: comments, the
 * text of scripts and the like, and attribute values hide nothing and begin
 * nothing. It does not interpret attributes: those of the few elements that
 * the scan wants are kept as text for the parser, of bounded size, with names
 * and separators in the one form that it reads as the standard says. Any split of the input gives
 * the same tags. Used by hints/scan. No I/O.
 *
 *   TEXT --<--> TAG_OPEN --letter--> NAME --> attributes --'>'--> TEXT or RAW
 *                  |  '!' --> MARKUP --> COMMENT... or BOGUS --'>'--> TEXT
 *   RAW  --"</name"--> NAME   (script, style, title, ...: until their end tag;
 *                              a script may hold "<!-- <script></script> -->")
 */
#ifndef FR_HINTS_SCAN_TAGS_H
#define FR_HINTS_SCAN_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Of the attributes of one tag that are kept; a longer tag (a picture as a
 * data: URL, mostly) is reported as cut. */
#define FR_SCAN_MAX_TAG_BYTES 8192u
/* Attributes of one tag; libxml2 compares each with all before it. */
#define FR_SCAN_MAX_ATTRIBUTES 128u
/* Of an attribute's name that are kept: libxml2 makes two of a longer one. */
#define FR_SCAN_MAX_ATTRIBUTE_BYTES 64u
/* Longest name of an element that anybody asks for, "plaintext", and then some. */
#define FR_SCAN_MAX_NAME_BYTES 15u

struct fr_scan_tag {
	const char *name; /* lower case; "" if longer than any of interest */
	bool is_end, is_self_closing;
	bool is_cut;              /* attributes were too long or too many: none are given */
	struct fr_str attributes; /* of wanted elements; borrowed for the call */
	size_t begin, end;        /* offsets in the document: of '<', after '>' */
};

typedef void fr_scan_tag_found(void *user, const struct fr_scan_tag *tag);

/* Storage is the caller's; nothing to release. */
struct fr_scan_tags {
	fr_scan_tag_found *on_tag;
	void *user; /* borrowed */
	int state;  /* enum state, scan_tags.c */
	bool is_stopped;
	size_t at; /* offset of the next byte */
	struct fr_scan_tag tag;
	char name[FR_SCAN_MAX_NAME_BYTES + 1]; /* of the tag */
	size_t name_len;                       /* beyond the array: longer */
	char raw[FR_SCAN_MAX_NAME_BYTES + 1];  /* what RAW ends with */
	size_t raw_seen;                       /* of it after "</" or '<' */
	int escape;                            /* of a script's text: enum escape, scan_tags.c */
	size_t dashes;                         /* just before, in an escaped script */
	bool is_kept, has_slash;
	size_t n_attributes, name_bytes; /* name_bytes: of the attribute's name */
	size_t n;
	char text[FR_SCAN_MAX_TAG_BYTES]; /* n bytes */
};

void fr_scan_tags_init(struct fr_scan_tags *t, fr_scan_tag_found *on_tag, void *user);
/* More of the document; on_tag is called from within, and may call _raw and _stop. */
void fr_scan_tags_feed(struct fr_scan_tags *t, const char *p, size_t len);
/* From within on_tag: what follows is text until this element's end tag. */
void fr_scan_tags_raw(struct fr_scan_tags *t);
/* Nothing more is reported. */
void fr_scan_tags_stop(struct fr_scan_tags *t);

#endif
