/* The page model's events and jobs: parsing, scripts, layout, painting, and when the
 * page is complete. */
#include "lab/model/page.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/media_type.h"
#include "lab/measurement/freshness.h"
#include "lab/measurement/kind.h"
#include "lab/measurement/plain_text.h"
#include "lab/model/cpu.h"
#include "lab/model/page_priv.h"

#define ARENA_BYTES (8u << 20)
/* The page is laid out again each time so much of it has come. */
#define LAYOUT_BYTES 16384u
/* Link fields of the page's head that are looked at. */
#define LINKS_BYTES (256u << 10)
/* Of a body, decoded; the rest is not looked at. */
#define BODY_BYTES (32u << 20)

/* The jobs of the main thread; arg: an entry, or as said. */
enum job {
	JOB_COMMIT, /* the page's head has come */
	JOB_PARSE,  /* so many bytes of it have */
	JOB_PARSED, /* all of it has */
	JOB_STYLE,  /* a style sheet has come */
	JOB_SCRIPT, /* a script is run */
	JOB_OTHER,  /* a picture or font has come */
	JOB_LAYOUT,
	JOB_FACES /* requests what a layout has found, after what waits by then */
};

static struct fr_measurement_entry *entry(struct fr_page *p, size_t i)
{
	return &p->load->entries[i];
}

static void post(struct fr_page *p, enum job job, size_t arg)
{
	fr_thread_post(&p->thread, job, arg, p->now_us);
}

/* --- what holds up what --- */

static bool waits_for(const struct fr_page *p, enum fr_as as)
{
	for (size_t i = 0; i < p->load->n; i++) {
		const struct fr_measurement_entry *e = &p->load->entries[i];

		if ((e->flags & FR_ENTRY_BLOCKING) && e->as == as && !p->bodies[i].is_taken)
			return true;
	}
	return false;
}

static bool can_lay_out(const struct fr_page *p)
{
	return p->content_us && !waits_for(p, FR_AS_STYLE) && !waits_for(p, FR_AS_SCRIPT);
}

static void lay_out(struct fr_page *p)
{
	if (can_lay_out(p) && !fr_thread_has(&p->thread, JOB_LAYOUT))
		post(p, JOB_LAYOUT, 0);
}

/* The first of the scripts that hold up the parser and wait for nothing but
 * having come; 0: none. */
static size_t next_script(const struct fr_page *p)
{
	size_t next = 0;

	for (size_t i = 1; i < p->load->n; i++) {
		const struct fr_page_body *b = &p->bodies[i];

		if (b->order && !b->is_posted && (!next || b->order < p->bodies[next].order))
			next = i;
	}
	return next;
}

/* The parser runs its scripts in their order, as far as they have come, once no
 * style sheet that blocks is missing. */
static void run_scripts(struct fr_page *p)
{
	size_t next;

	while ((next = next_script(p)) != 0 && (entry(p, next)->flags & FR_ENTRY_DONE) &&
	       !waits_for(p, FR_AS_STYLE)) {
		p->bodies[next].is_posted = true;
		post(p, JOB_SCRIPT, next);
	}
}

void fr_page_arrived(struct fr_page *p, size_t i)
{
	struct fr_page_body *b = &p->bodies[i];
	enum fr_as as = entry(p, i)->as;

	if (b->is_posted || (entry(p, i)->flags & (FR_ENTRY_NEEDED | FR_ENTRY_DONE)) !=
	                            (FR_ENTRY_NEEDED | FR_ENTRY_DONE))
		return;
	if (b->order) {
		run_scripts(p);
		return;
	}
	b->is_posted = true;
	post(p, as == FR_AS_STYLE ? JOB_STYLE : (as == FR_AS_SCRIPT ? JOB_SCRIPT : JOB_OTHER), i);
}

/* --- the main thread's jobs --- */

static uint64_t per_kb(uint64_t bytes, uint64_t us)
{
	return bytes * us / 1024;
}

static uint64_t cost_of(const struct fr_page *p, const struct fr_thread_job *j)
{
	const struct fr_measurement_entry *e = &p->load->entries[j->kind == JOB_PARSE ? 0 : j->arg];
	uint64_t decoded = p->bodies[j->kind == JOB_PARSE ? 0 : j->arg].decoded;

	switch ((enum job)j->kind) {
	case JOB_COMMIT:
		return FR_CPU_COMMIT_US;
	case JOB_PARSE:
		return per_kb(j->arg, FR_CPU_HTML_KB_US);
	case JOB_STYLE:
		return FR_CPU_STYLE_US + per_kb(decoded, FR_CPU_STYLE_KB_US);
	case JOB_SCRIPT:
		return FR_CPU_SCRIPT_US + per_kb(decoded, FR_CPU_SCRIPT_KB_US);
	case JOB_OTHER:
		if (e->as == FR_AS_FONT)
			return FR_CPU_FONT_US;
		return strcmp(e->type, "image/svg+xml") == 0 ? FR_CPU_SVG_US : FR_CPU_IMAGE_US;
	case JOB_LAYOUT:
		return (p->is_laid_out ? FR_CPU_LAYOUT_US : FR_CPU_FIRST_LAYOUT_US) +
		       fr_markup_elements(p->markup) * FR_CPU_LAYOUT_ELEMENT_US;
	case JOB_PARSED:
	case JOB_FACES:
		break;
	}
	return 0;
}

static uint64_t scaled(const struct fr_page *p, uint64_t us)
{
	return us * p->options.cpu_percent / 100;
}

static uint64_t cost(void *user, const struct fr_thread_job *j)
{
	const struct fr_page *p = user;

	return scaled(p, cost_of(p, j));
}

static void commit(struct fr_page *p)
{
	struct fr_str rest =
		fr_str_make((const char *)fr_buf_data(&p->links), fr_buf_len(&p->links));

	while (rest.len) {
		size_t n = fr_str_find(rest, '\n');

		fr_page_use_links(p, fr_str_sub(rest, 0, n), FR_FOUND_LINK);
		rest = fr_str_sub(rest, n + 1, rest.len);
	}
}

static void parse(struct fr_page *p, size_t len)
{
	p->html_bytes += len;
	fr_markup_feed(p->markup, fr_buf_data(&p->html), len, false);
	fr_buf_consume(&p->html, len);
	if (p->html_bytes - p->laid_out >= LAYOUT_BYTES)
		lay_out(p);
}

static void parsed(struct fr_page *p)
{
	fr_markup_feed(p->markup, NULL, 0, true);
	if (!p->content_us)
		p->content_us = p->now_us;
	p->is_parsed = true;
	lay_out(p);
}

static void parse_style(struct fr_page *p, size_t i)
{
	struct fr_buf *css = &p->bodies[i].text;

	p->bodies[i].is_taken = true;
	fr_styles_add(p->styles, (int)i,
	              fr_str_make((const char *)fr_buf_data(css), fr_buf_len(css)),
	              !p->bodies[i].is_inactive);
	fr_buf_clear(css);
	fr_buf_trim(css);
	lay_out(p);
	run_scripts(p);
}

static void run_script(struct fr_page *p, size_t i)
{
	struct fr_buf *text = &p->bodies[i].text;

	p->bodies[i].is_taken = true;
	if (entry(p, i)->flags & FR_ENTRY_MODULE)
		fr_page_module(p, i,
		               fr_str_make((const char *)fr_buf_data(text), fr_buf_len(text)));
	fr_buf_clear(text);
	fr_buf_trim(text);
	if (entry(p, i)->flags & FR_ENTRY_BLOCKING)
		lay_out(p);
}

static void do_layout(struct fr_page *p)
{
	if (!can_lay_out(p))
		return; /* more that blocks was found in the meantime */
	if (!p->is_laid_out)
		p->render_us = p->now_us + scaled(p, FR_CPU_PAINT_US);
	p->is_laid_out = true;
	p->laid_out = p->html_bytes;
	if (!fr_thread_has(&p->thread, JOB_FACES))
		post(p, JOB_FACES, 0);
}

static void do_job(struct fr_page *p, const struct fr_thread_job *j)
{
	switch ((enum job)j->kind) {
	case JOB_COMMIT:
		commit(p);
		return;
	case JOB_PARSE:
		parse(p, j->arg);
		return;
	case JOB_PARSED:
		parsed(p);
		return;
	case JOB_STYLE:
		parse_style(p, j->arg);
		return;
	case JOB_SCRIPT:
		run_script(p, j->arg);
		return;
	case JOB_OTHER:
		p->bodies[j->arg].is_taken = true;
		return;
	case JOB_LAYOUT:
		do_layout(p);
		return;
	case JOB_FACES:
		fr_styles_apply(p->styles, &p->names);
		return;
	}
}

static void maybe_complete(struct fr_page *p)
{
	if (p->is_complete || !p->is_parsed || p->thread.n)
		return;
	for (size_t i = 0; i < p->load->n; i++)
		if ((entry(p, i)->flags & (FR_ENTRY_NEEDED | FR_ENTRY_DONE)) == FR_ENTRY_NEEDED)
			return;
	p->is_complete = true;
	p->ops->on_complete(p->user);
}

void fr_page_advance(struct fr_page *p, uint64_t now_us)
{
	struct fr_thread_job j;
	uint64_t end;

	while (fr_thread_take(&p->thread, now_us, cost, p, &j, &end)) {
		p->now_us = end;
		do_job(p, &j);
	}
	p->now_us = now_us;
	maybe_complete(p);
}

uint64_t fr_page_next(const struct fr_page *p)
{
	return fr_thread_next(&p->thread);
}

void fr_page_informational(struct fr_page *p, size_t i, const struct fr_response *resp,
                           uint64_t now_us)
{
	p->now_us = now_us;
	if (i != 0 || resp->status != 103)
		return;
	if (!p->load->early_hints_us)
		p->load->early_hints_us = now_us;
	/* browsers act on the first one, without the page's main thread */
	if (p->load->n_early_hints++ == 0 && p->options.early_hints)
		for (const struct fr_field *f = fr_fields_get(&resp->fields, FR_FIELD_LINK); f;
		     f = fr_fields_next(&resp->fields, FR_FIELD_LINK, f))
			fr_page_use_links(p, f->value, FR_FOUND_EARLY_HINTS);
}

/* --- responses --- */

static void keep_type(struct fr_measurement_entry *e, struct fr_str type)
{
	type = fr_media_type_of(type);
	(void)snprintf(e->type, sizeof e->type, "%.*s", FR_STR_ARG(type));
}

static void keep_links(struct fr_page *p, const struct fr_fields *fields)
{
	const struct fr_field *f = fr_fields_get(fields, FR_FIELD_LINK);

	for (; f; f = fr_fields_next(fields, FR_FIELD_LINK, f))
		if (fr_buf_append(&p->links, f->value.p, f->value.len) < 0 ||
		    fr_buf_append(&p->links, "\n", 1) < 0)
			return; /* what is beyond the limit is not looked at */
}

static void page_head(struct fr_page *p, const struct fr_response *resp, bool redirect)
{
	char to[160];

	if (redirect) {
		(void)snprintf(to, sizeof to, "%.*s",
		               FR_STR_ARG(fr_fields_value(&resp->fields, FR_FIELD_LOCATION)));
		fr_measurement_fail(p->load, "the page redirects; measure its target instead", to);
	}
	if (resp->status == 200)
		keep_links(p, &resp->fields);
	post(p, JOB_COMMIT, 0);
}

static void on_piece(void *user, const char *data, size_t len)
{
	struct fr_page_body *b = user;
	struct fr_page *p = b->page;
	size_t i = (size_t)(b - p->bodies);
	struct fr_thread_job *last = fr_thread_last(&p->thread, JOB_PARSE);

	b->decoded += len;
	/* what is beyond the limits is not searched */
	if (i && (entry(p, i)->as == FR_AS_STYLE || (entry(p, i)->flags & FR_ENTRY_MODULE)))
		(void)!fr_buf_append(&b->text, data, len);
	if (i || fr_buf_append(&p->html, data, len) < 0)
		return;
	if (last)
		last->arg += len;
	else
		post(p, JOB_PARSE, len);
}

static void start_decoding(struct fr_page *p, size_t i, struct fr_str encoding)
{
	static const struct fr_decode_limits limits = {
		.bytes = BODY_BYTES, .decoder_bytes = BODY_BYTES, .ratio = SIZE_MAX};

	p->bodies[i].page = p;
	p->bodies[i].decode = fr_decoder_new(encoding, &limits, on_piece, &p->bodies[i]);
}

void fr_page_head(struct fr_page *p, size_t i, const struct fr_response *resp, uint64_t now_us)
{
	struct fr_measurement_entry *e = entry(p, i);
	bool redirect = resp->status >= 300 && resp->status < 400 && resp->status != 304;
	struct fr_str to = fr_fields_value(&resp->fields, FR_FIELD_LOCATION);

	p->now_us = now_us;
	e->first_us = now_us;
	e->status = resp->status;
	keep_type(e, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE));
	free(e->response_fields);
	e->response_fields = fr_fields_text(&resp->fields);
	if (fr_is_reusable(&resp->fields))
		e->flags |= FR_ENTRY_CACHEABLE;
	if (e->as == FR_AS_NONE)
		e->as = fr_as_of_type(fr_str_from(e->type)); /* pushes: nobody else says it */
	if (!p->bodies[i].gauge && fr_media_is_compressible(fr_str_from(e->type)) &&
	    !fr_fields_get(&resp->fields, FR_FIELD_CONTENT_ENCODING))
		p->bodies[i].gauge = fr_gauge_new();
	if (i == 0 || e->as == FR_AS_STYLE || e->as == FR_AS_SCRIPT)
		start_decoding(p, i, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING));
	if (i == 0)
		page_head(p, resp, redirect);
	else if (redirect && to.len)
		fr_page_use_from(p, (int)i, to,
		                 (struct fr_page_use){.as = e->as,
		                                      .found = e->found,
		                                      .blocking = e->flags & FR_ENTRY_BLOCKING,
		                                      .cors = e->flags & FR_ENTRY_CORS,
		                                      .order = p->bodies[i].order});
	fr_page_advance(p, now_us);
}

void fr_page_data(struct fr_page *p, size_t i, const uint8_t *data, size_t len, uint64_t now_us)
{
	p->now_us = now_us;
	entry(p, i)->bytes += len;
	if (p->bodies[i].gauge)
		fr_gauge_feed(p->bodies[i].gauge, data, len);
	if (!p->bodies[i].decode)
		return;
	fr_decoder_feed(p->bodies[i].decode, data, len);
	fr_page_advance(p, now_us);
}

void fr_page_end(struct fr_page *p, size_t i, bool ok, uint64_t now_us)
{
	struct fr_measurement_entry *e = entry(p, i);

	if (e->flags & FR_ENTRY_DONE)
		return;
	p->now_us = now_us;
	e->end_us = now_us;
	e->flags |= FR_ENTRY_DONE;
	if (!e->first_us)
		e->first_us = now_us;
	if (p->bodies[i].gauge)
		e->gzip_bytes = fr_gauge_end(p->bodies[i].gauge);
	fr_gauge_free(&p->bodies[i].gauge);
	if (!ok || e->status < 200 || e->status > 399)
		e->flags |= FR_ENTRY_FAILED;
	fr_decoder_free(&p->bodies[i].decode);
	if (i == 0 && (e->flags & FR_ENTRY_FAILED)) {
		char what[40] = "";

		if (e->status)
			(void)snprintf(what, sizeof what, "the server answered %d", e->status);
		fr_measurement_fail(p->load, "the page could not be loaded", what);
	}
	if (i == 0)
		post(p, JOB_PARSED, 0);
	else
		fr_page_arrived(p, i);
	fr_page_advance(p, now_us);
}

/* --- begin and end --- */

int fr_page_new(struct fr_measurement *load, const struct fr_page_options *options,
                const struct fr_page_ops *ops, void *user, struct fr_page **out)
{
	struct fr_page *p = fr_calloc(1, sizeof *p);

	fr_arena_init(&p->arena, ARENA_BYTES);
	if (fr_url_parse(&p->arena, fr_str_from(load->url), &p->url) < 0 ||
	    !fr_str_is(p->url.scheme, "https")) {
		fr_arena_fini(&p->arena);
		free(p);
		return FR_ERR_SYNTAX;
	}
	p->base = p->url;
	p->load = load;
	p->options = *options;
	p->ops = ops;
	p->user = user;
	p->bodies = fr_calloc(FR_MEASUREMENT_MAX_ENTRIES, sizeof *p->bodies);
	fr_thread_init(&p->thread);
	fr_buf_init(&p->html, BODY_BYTES);
	fr_buf_init(&p->links, LINKS_BYTES);
	p->markup = fr_markup_new(&fr_page_markup_events, p, &p->names);
	p->styles = fr_styles_new(&fr_page_styles_events, p);
	*out = p;
	return 0;
}

void fr_page_free(struct fr_page **pp)
{
	struct fr_page *p = *pp;

	if (!p)
		return;
	for (size_t i = 0; i < p->load->n; i++) {
		fr_decoder_free(&p->bodies[i].decode);
		fr_gauge_free(&p->bodies[i].gauge);
		fr_buf_fini(&p->bodies[i].text);
	}
	free(p->bodies);
	fr_thread_fini(&p->thread);
	fr_buf_fini(&p->html);
	fr_buf_fini(&p->links);
	fr_markup_free(&p->markup);
	json_decref(p->import_map);
	fr_styles_free(&p->styles);
	fr_arena_fini(&p->arena);
	free(p);
	*pp = NULL;
}

void fr_page_begin(struct fr_page *p, uint64_t now_us)
{
	p->now_us = now_us;
	fr_page_navigate(p);
}

bool fr_page_is_complete(const struct fr_page *p)
{
	return p->is_complete;
}

void fr_page_finish(struct fr_page *p, uint64_t now_us)
{
	struct fr_measurement *l = p->load;

	for (size_t i = 0; i < l->n; i++)
		if (!(l->entries[i].flags & (FR_ENTRY_DONE | FR_ENTRY_LAZY)))
			l->entries[i].end_us = now_us;
	/* never laid out: it was cut */
	l->render_us = p->render_us ? p->render_us : now_us;
	fr_measurement_finish(l);
}
