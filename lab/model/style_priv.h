/* What style.c (fonts and pictures that apply) and style_parse.c (reading style
 * sheets) share. Strings borrow from the sheets, which live as long. */
#ifndef FR_LAB_MODEL_STYLE_PRIV_H
#define FR_LAB_MODEL_STYLE_PRIV_H

#include "lab/model/style.h"

struct css_rule { /* one of: url, family, weight, italic, property is there */
	struct fr_str selector;
	struct fr_str family;          /* value of font-family or font */
	struct fr_str property, value; /* a custom property that may name fonts */
	struct fr_str url;             /* a picture */
	unsigned weight;               /* 0: not set */
	bool is_italic;
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
void fr_styles_parse(struct fr_styles *s, int sheet, struct fr_str css);

#endif
