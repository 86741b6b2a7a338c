/* The scan of an HTML page for what it needs: fed with the body as the origin sent it,
 * encoded or not, it gives the links that a browser would find, as hints that can be
 * written as a Link field. It only reads; nothing is changed or delayed.
 * stages/hints/html_watch feeds it bodies that pass through the edge. No I/O, no clock.
 *
 *   body -> decode -> scan_tags -> the parser (libxml2) -> rules -> hints
 *           gzip, ...  which tags   attributes, entities    which element
 *
 * Any split of the body gives the same hints. A scan is one worker's.
 *
 * Found: style sheets, preload, modulepreload and preconnect links, scripts with a source
 * (classic and module), the first images. Not found: what stands in noscript, template,
 * svg, comments or text; what only some clients use (media queries, nomodule, pictures
 * with sources, lazy images); data:, blob: and other URLs that are not http(s); the page
 * itself.
 *
 * Charsets: all that matters is ASCII in every charset but UTF-16, which is turned into
 * UTF-8 (scan_utf16), and ISO-2022 and its like; pages in these are not looked at. URLs
 * with other characters count only where the page is known to be UTF-8 (Content-Type, byte
 * order mark, meta element before them) and are left out elsewhere: browsers encode a
 * query as the page is encoded.
 *
 * Ownership: the scan owns everything that it returns. Failures: the caller sees none. A
 * body that does not decode, that is too large, or whose tags the parser does not follow
 * ends the scan with what was found before. */
#ifndef FR_HINTS_SCAN_H
#define FR_HINTS_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "http/decode.h"
#include "http/link.h"

/* Of a page: decoded bytes that are read, encoded bytes that are taken. */
#define FR_SCAN_MAX_BYTES (512u * 1024)
/* Decoded bytes for each encoded one, after the first FR_DECODE_FREE_BYTES. HTML has 3 to
 * 20; gzip can reach 1032, br many thousands. */
#define FR_SCAN_MAX_RATIO 100u
/* That the decoder may hold. A br body whose window and size are both above
 * 1 MiB wants more, and is not looked at. */
#define FR_SCAN_MAX_DECODER_BYTES (2u * 1024 * 1024)
extern const struct fr_decode_limits fr_scan_decode_limits;

/* Given for one page; the scan is done with the last of them. */
#define FR_SCAN_MAX_HINTS 64u
/* The first ones: those likely to be seen before the page is scrolled. */
#define FR_SCAN_MAX_IMAGES 3u
/* URLs and srcset attributes that are longer are left out. */
#define FR_SCAN_MAX_URL_BYTES 2048u
/* Any other attribute of a hint. */
#define FR_SCAN_MAX_VALUE_BYTES 512u
/* For all strings of all hints; then the scan is done. Beside these a scan
 * holds about 50 KiB (parser, buffers), and for gzip 40 KiB more. */
#define FR_SCAN_MAX_TEXT_BYTES (128u * 1024)
/* Tags that the parser and scan_tags read differently, each of which costs a
 * new parser; then the scan is over. */
#define FR_SCAN_MAX_ODD_TAGS 16u

struct fr_scan_hint {
	struct fr_link link; /* target: see fr_scan_end */
	/* Rendering waits for it: a style sheet in the head; a script there that
	 * is neither async nor defer nor a module. */
	bool is_blocking;
	/* Needed after the page itself: scripts of the body, async, defer and
	 * module scripts; images; fetchpriority=low. */
	bool is_late;
};

struct fr_scan;

/* HTML in an encoding that can be undone? Values of Content-Type and
 * Content-Encoding; the latter may be empty. */
bool fr_scan_wants(struct fr_str content_type, struct fr_str encoding);
/* HTML, in whatever encoding? */
bool fr_scan_is_html(struct fr_str content_type);

/* page_url: scheme://authority/target of the page; nothing is borrowed beyond
 * the call. NULL: nothing to scan (see fr_scan_wants; a URL or a charset that
 * cannot be), or out of memory. */
struct fr_scan *fr_scan_new(struct fr_str page_url, struct fr_str content_type,
                            struct fr_str encoding);
void fr_scan_free(struct fr_scan **s);

void fr_scan_feed(struct fr_scan *s, const void *data, size_t len);

/* Nothing more is wanted: enough hints or bytes, or damage. Feeding on is
 * allowed and does nothing. */
bool fr_scan_is_done(const struct fr_scan *s);

/* How many bytes of the decoded body the head takes: up to and with </head>
 * or <body>, or up to the first element that can only be in the body.
 * 0: not seen yet. */
size_t fr_scan_head_bytes(const struct fr_scan *s);

/* The hints so far, in document order; valid until the scan is freed or fed.
 * Targets are resolved against <base> or the page: an absolute path on the
 * page's origin, else (and for a path that begins with "//") an absolute URL;
 * no fragments. None is given twice: what was found again is only as urgent as
 * its most urgent place.
 *   is_complete  all that was fed was looked at, to the end of its encoding:
 *                what is not among the hints is not in the page. Whether what
 *                was fed is the whole body, the caller knows. */
size_t fr_scan_end(struct fr_scan *s, const struct fr_scan_hint **out, bool *is_complete);

#endif
