/* What style.c (fonts and pictures that apply) and style_parse.c (reading style
 * sheets) share. Strings borrow from the sheets, which live as long. */
#ifndef FR_LAB_MODEL_STYLE_PRIV_H
#define FR_LAB_MODEL_STYLE_PRIV_H

#include "lab/model/style.h"

struct css_rule { /* one of: url, uses, family, weight, italic, property is there */
	struct fr_str selector;
	struct fr_str family;          /* value of font-family or font */
	struct fr_str property, value; /* a custom property */
	struct fr_str url;             /* a picture */
	struct fr_str uses;            /* a value with var() that may be a picture */
	unsigned weight;               /* 0: not set */
	bool is_italic;
	bool is_shorthand; /* family is the value of font */
	bool is_reported;
	int sheet;
};

struct css_face {
	struct fr_str family, url;
	unsigned least, most; /* weights */
	struct fr_str range;  /* value of unicode-range; empty: all characters */
	bool is_italic;
	bool is_reported;
	int sheet;
};

struct fr_styles {
	struct fr_styles_events events;
	void *user;             /* borrowed */
	struct fr_arena arena;  /* the sheets, without comments */
	struct css_rule *rules; /* owned */
	size_t n_rules, cap_rules;
	struct css_face *faces; /* owned */
	size_t n_faces, cap_faces;
};

/* Reads a sheet into rules and faces; css lives in the arena. */
void fr_styles_parse(struct fr_styles *s, int sheet, struct fr_str css, bool applies);
/* Reads declarations that always apply. */
void fr_styles_parse_declarations(struct fr_styles *s, struct fr_str css);
/* The next picture of a value at or after *at: a url(), or one of an image-set(). */
bool fr_styles_next_picture(struct fr_styles *s, struct fr_str value, size_t *at,
                            struct fr_str *url);
/* Without its quotes. */
struct fr_str fr_css_unquote(struct fr_str s);

#endif
