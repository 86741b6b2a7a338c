/* What an HTML page needs, found the way a browser's preload scanner finds it:
 * in the bytes as they arrive (html_tokens.h), ahead of scripts that hold up the
 * parser. Knows which assets hold up rendering, and keeps the
 * element names, classes and ids of the page, so that style.h can tell which
 * rules of a style sheet apply. No I/O. Used by the page model.
 *
 * The edge has a scan of its own (hints/scan.h), and does not share this one: it
 * may name only what every client needs, and must bound what a hostile page
 * costs; this one finds what one browser loads. So the model that measures the
 * hints does not repeat a mistake of the scan that makes them. On what both must
 * find they agree: tests/unit/lab/test_agreement.c. */
#ifndef FR_LAB_MODEL_MARKUP_H
#define FR_LAB_MODEL_MARKUP_H

#include "base/str.h"
#include "hints/plan.h"
#include "http/link.h"
#include "lab/model/names.h"

/* No URL in a page or style sheet is longer. */
#define FR_MARKUP_URL_BYTES 2048u
/* Of inline style sheets and modules in all; what is beyond is not searched. */
#define FR_MARKUP_STYLE_BYTES (1u << 20)

struct fr_markup_asset {   /* borrowed for the call */
	struct fr_str url; /* as written */
	enum fr_as as;
	bool is_blocking; /* rendering waits for it */
	bool is_late;     /* async, defer, module: of lower priority */
	bool is_lazy;     /* an image that waits until it is scrolled to */
	bool is_preload;  /* a hint, not a use */
	bool is_cors;     /* fetched with CORS */
	bool is_module;   /* a module script */
	bool is_inactive; /* a style sheet that is loaded and does not apply */
};

struct fr_markup_events {
	void (*on_asset)(void *user, const struct fr_markup_asset *a);
	void (*on_base)(void *user, struct fr_str url); /* the first base element */
	/* A style element; borrowed. applies: its media do; its imports are loaded anyway. */
	void (*on_style)(void *user, struct fr_str css, bool applies);
	void (*on_declarations)(void *user, struct fr_str css); /* style="..."; may be NULL */
	void (*on_module)(void *user, struct fr_str text);      /* an inline module; may be NULL */
	void (*on_import_map)(void *user, struct fr_str json);  /* may be NULL */
	void (*on_content)(void *user); /* there is something to draw; once */
	void (*on_script)(void *user);  /* something that a browser would run; may be NULL */
};

struct fr_markup;
/* events are copied; names (borrowed) collects what the page has. Never NULL. */
struct fr_markup *fr_markup_new(const struct fr_markup_events *events, void *user,
                                struct fr_names *names);
void fr_markup_free(struct fr_markup **m);
/* Elements so far that are not hidden. */
size_t fr_markup_elements(const struct fr_markup *m);
/* More of the page; events come from within. end: that was all. */
void fr_markup_feed(struct fr_markup *m, const uint8_t *data, size_t len, bool end);

#endif
