/* Shared by scan.c (feeding, the parser, where in the page we are) and
 * scan_rules.c (what an element asks for). */
#ifndef FR_HINTS_SCAN_PRIV_H
#define FR_HINTS_SCAN_PRIV_H

#include "hints/scan.h"
#include "hints/scan_tags.h"
#include "hints/scan_utf16.h"
#include "http/url.h"

struct _xmlParserCtxt; /* libxml2 */

struct fr_scan {
	struct fr_decoder *decode; /* owned */
	struct fr_scan_tags tags;
	struct _xmlParserCtxt *parser; /* owned */
	struct fr_arena text;          /* of url, and of the hints */
	struct fr_arena scratch;       /* for one element */
	struct fr_url page, base;
	bool has_base;    /* an element said which; later ones do not count */
	bool is_xhtml;    /* "<script/>" is a whole element */
	bool has_charset; /* Content-Type, byte order mark or an element said which */
	bool is_utf8;     /* URLs are written in UTF-8, as in a page in UTF-16 */
	bool is_utf16;
	struct fr_scan_utf16 utf16;
	bool is_done;
	/* where we are */
	size_t head_bytes;
	unsigned templates, foreign; /* open elements: template; svg and math */
	bool in_picture, has_sources;
	/* the byte order mark, perhaps; looked at before the tags get it */
	uint8_t first[3];
	size_t n_first;
	/* the element that the parser reads */
	const struct fr_scan_tag *tag; /* borrowed, NULL outside of feeding */
	bool is_read;
	unsigned odd_tags;
	size_t n, n_images;
	struct fr_scan_hint hints[FR_SCAN_MAX_HINTS];
};

/* An element of those that scan_tags keeps, with its attributes: name, value,
 * name, ..., NULL; a value may be NULL. Borrowed for the call. */
void fr_scan_element(struct fr_scan *s, struct fr_str name, const unsigned char **attributes);
/* Takes the charset's name. False: a page in it cannot be scanned. */
bool fr_scan_take_charset(struct fr_scan *s, struct fr_str charset);
/* The charset parameter of a media type; empty if there is none. */
struct fr_str fr_scan_charset_of(struct fr_str content_type);

#endif
