/* What a style sheet loads: imports, fonts and pictures named by url(), and which of them
 * a page needs. A font is loaded when a rule that applies to the page asks for its family,
 * weight and style; a picture when its rule applies. That a rule applies is judged by
 * names alone (names.h): every element name, class and id of one of its selectors is in
 * the page. No I/O. */
#ifndef FR_LAB_MODEL_STYLE_H
#define FR_LAB_MODEL_STYLE_H

#include "base/mem.h"
#include "lab/model/names.h"

/* Of one style sheet, and of all style sheets of a page, that are kept. */
#define FR_STYLE_SHEET_BYTES (2u << 20)
#define FR_STYLE_PAGE_BYTES (8u << 20)
/* Rules of interest and font faces of a page; more are not looked at. */
#define FR_STYLE_MAX_RULES 16384u
#define FR_STYLE_MAX_FACES 512u

struct fr_styles;

/* url: as written; sheet: the number that fr_styles_add was given. Borrowed for the call. */
struct fr_styles_events {
	/* applies: what it imports may count; it is loaded anyway. */
	void (*on_import)(void *user, int sheet, struct fr_str url, bool applies);
	void (*on_font)(void *user, int sheet, struct fr_str url);
	void (*on_picture)(void *user, int sheet, struct fr_str url);
};

struct fr_styles *fr_styles_new(const struct fr_styles_events *events, void *user);
void fr_styles_free(struct fr_styles **s);
/* A whole style sheet (copied). on_import comes from within. applies: else only its
 * imports count, which browsers load whatever their media are. */
void fr_styles_add(struct fr_styles *s, int sheet, struct fr_str css, bool applies);
/* The declarations of a style attribute (copied). */
void fr_styles_add_declarations(struct fr_styles *s, struct fr_str css);
/* Lays out: reports the fonts and pictures that the page takes and that were
 * not reported before. */
void fr_styles_apply(struct fr_styles *s, const struct fr_names *names);

/* For tests: can a selector list apply to a page with these names? */
bool fr_selector_applies(struct fr_str selectors, const struct fr_names *names);

#endif
