/* What markup.c (the state of a page being read) and markup_elements.c (what each element
 * loads) share. */
#ifndef FR_LAB_MODEL_MARKUP_PRIV_H
#define FR_LAB_MODEL_MARKUP_PRIV_H

#include "base/buf.h"
#include "lab/model/html_tokens.h"
#include "lab/model/markup.h"

/* srcdoc in srcdoc ... */
#define FR_MARKUP_MAX_FRAMES 4u

/* Whose text is collected. */
enum fr_markup_text { FR_TEXT_NONE, FR_TEXT_STYLE, FR_TEXT_MODULE, FR_TEXT_IMPORT_MAP };

struct fr_markup {
	struct fr_html_tokens *tokens; /* owned */
	struct fr_markup_events events;
	void *user;             /* borrowed */
	struct fr_names *names; /* borrowed */
	struct fr_buf text;     /* of the element being read, where it counts */
	enum fr_markup_text collects;
	size_t collected; /* bytes in all */
	size_t elements;  /* so far */
	char opened[16];  /* the element that begins here; "": another place */
	char set[64];     /* title of the preferred style sheets; "": none yet */
	unsigned hidden;  /* depth of template elements */
	unsigned shadows; /* depth of templates that are shadow roots */
	unsigned frames;  /* depth of srcdoc */
	bool in_body, has_content, has_base;
	bool style_applies;          /* its media does */
	bool in_picture, has_source; /* a source of the picture was taken */
};

/* Reports what is loadable. */
void fr_markup_report(struct fr_markup *m, struct fr_markup_asset a);
/* There is something to draw. */
void fr_markup_content(struct fr_markup *m);
/* There is something that a browser would run. */
void fr_markup_script(struct fr_markup *m);
/* What the element loads (markup_elements.c). */
void fr_markup_element(struct fr_markup *m, const struct fr_html_tag *tag);

#endif
