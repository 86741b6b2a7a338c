/* Media queries (Media Queries 4) and srcset, judged for the window of the model: a screen
 * of FR_MARKUP_WIDTH by FR_MARKUP_HEIGHT pixels (device pixel ratio 1), with a mouse,
 * light colours and no preferences. Unknown queries may apply, and so may what @supports
 * asks for. No I/O. */
#ifndef FR_LAB_MODEL_MEDIA_H
#define FR_LAB_MODEL_MEDIA_H

#include <stdbool.h>

#include "base/str.h"

/* The window that media, srcset and sizes are judged by, in pixels. */
#define FR_MARKUP_WIDTH 1280u
#define FR_MARKUP_HEIGHT 800u

enum fr_media {
	FR_MEDIA_NO,
	FR_MEDIA_UNKNOWN, /* a feature or a value that is not known */
	FR_MEDIA_YES
};

/* Judges a media query list, as in media="..." or after @media. Empty: yes. */
enum fr_media fr_media_judge(struct fr_str media);
/* May it apply? */
bool fr_media_applies(struct fr_str media);

/* Judges a condition of @supports, or what supports() of an import has in its brackets. */
enum fr_media fr_supports_judge(struct fr_str condition);

/* The candidate of a srcset (with its sizes, may be empty) that a screen of
 * one pixel a pixel takes; {NULL, 0}: none. Borrowed. */
struct fr_str fr_srcset_choose(struct fr_str srcset, struct fr_str sizes);

struct fr_link;
/* What a preload link names on that screen: its target, or a candidate of its
 * imagesrcset. Borrowed. */
struct fr_str fr_link_choice(const struct fr_link *link);

/* White space of CSS, which has more of it than fields of HTTP, and s without it at
 * either end. */
bool fr_css_is_space(char c);
struct fr_str fr_css_strip(struct fr_str s);
/* The offset of the first of `stops` at or after from that stands in no string, behind no
 * backslash, and in no pair of brackets that begins with one of `open` after from; s.len:
 * there is none. A string ends with its line at the latest, as CSS has it. */
size_t fr_css_find(struct fr_str s, size_t from, const char *stops, const char *open);
/* The next item of a list with commas: *rest moves past it; brackets and strings hold
 * together. False at the end. */
bool fr_css_next_item(struct fr_str *rest, struct fr_str *item);
/* A number at the beginning of s, and the text after it. False: there is none. */
bool fr_css_number(struct fr_str s, double *out, struct fr_str *unit);
/* A length in pixels, calc() and its like included; false: none, or a unit that is not known. */
bool fr_css_length(struct fr_str s, double *pixels);

#endif
