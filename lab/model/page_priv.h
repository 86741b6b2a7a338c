/* What page.c (events, the main thread's jobs), page_found.c (what markup, style sheets
 * and modules name) and page_use.c (uses, hints and promises
 * matched with one another) share. */
#ifndef FR_LAB_MODEL_PAGE_PRIV_H
#define FR_LAB_MODEL_PAGE_PRIV_H

#include <jansson.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/decode.h"
#include "lab/model/markup.h"
#include "lab/model/page.h"
#include "lab/model/style.h"
#include "lab/model/thread.h"

struct fr_page_body {              /* what is kept of an entry's body */
	struct fr_page *page;      /* borrowed: whose it is; set with decode */
	struct fr_decoder *decode; /* owned; NULL: not looked at */
	struct fr_gauge *gauge;    /* owned; of plain text; NULL: is none */
	struct fr_buf text;        /* of a style sheet or a module */
	uint64_t decoded;          /* bytes */
	size_t order;              /* of the scripts that hold up the parser, from 1; 0: is none */
	bool is_posted;            /* its job waits, or has been done */
	bool is_taken;             /* it is done: the style sheet parsed, the script run */
	bool is_inactive;          /* a style sheet that does not apply */
};

struct fr_page {
	struct fr_measurement *load; /* borrowed */
	struct fr_page_options options;
	const struct fr_page_ops *ops;
	void *user; /* borrowed */
	struct fr_arena arena;
	struct fr_url url, base;
	struct fr_markup *markup; /* owned */
	struct fr_styles *styles; /* owned */
	struct fr_names names;
	json_t *import_map;          /* reference; NULL: none */
	struct fr_page_body *bodies; /* owned; FR_MEASUREMENT_MAX_ENTRIES */
	struct fr_thread thread;
	struct fr_buf html;  /* decoded, not parsed yet */
	struct fr_buf links; /* Link values of the page's head, one a line; until it is committed */
	uint64_t now_us;     /* of the event or job being handled */
	uint64_t content_us; /* there is something to draw; 0: not yet */
	uint64_t render_us;  /* it was drawn first; 0: not yet */
	size_t laid_out;     /* bytes of the page at the last layout */
	size_t html_bytes;   /* parsed */
	size_t n_scripts;    /* that hold up the parser, so far */
	bool is_laid_out, is_parsed, is_complete;
	bool style_applies; /* the style element being read */
};

struct fr_page_use { /* of an asset, as found */
	enum fr_as as;
	enum fr_found found;
	int parent;
	bool blocking, late, lazy, cors, module, inactive;
	bool is_hint; /* a preload: no use yet */
	size_t order; /* as in fr_page_body */
};

/* The page has a use for ref, or a hint at it: matched with what is on its way, or asked for. */
void fr_page_use(struct fr_page *p, const struct fr_url *base, struct fr_str ref,
                 struct fr_page_use u);
/* The same with a URL that is relative to a style sheet, entry `sheet`; 0: to the page. */
void fr_page_use_from(struct fr_page *p, int sheet, struct fr_str ref, struct fr_page_use u);
/* What markup and style sheets report to (page_found.c). */
extern const struct fr_markup_events fr_page_markup_events;
extern const struct fr_styles_events fr_page_styles_events;
/* The hints of a Link value. */
void fr_page_use_links(struct fr_page *p, struct fr_str value, enum fr_found found);
/* The static imports of a module; parent: its entry, 0 for one in the page. */
void fr_page_module(struct fr_page *p, size_t parent, struct fr_str script);
/* Asks for the page itself. */
void fr_page_navigate(struct fr_page *p);
/* Entry i has come and the page has a use for it: the main thread's business (page.c). */
void fr_page_arrived(struct fr_page *p, size_t i);

#endif
