#include "model_site.h"

#include "h2/session.h"
#include "lab/model/wire.h"
#include "lab/network/link_model.h"

#define MAX_STREAMS 256

struct stream {
	struct model *m;
	struct fr_arena arena;
	struct fr_request req;
	const struct model_file *file;
	int32_t id;
	uint64_t answer_us; /* UINT64_MAX: answered */
	size_t sent;
};

struct direction {
	struct fr_link_line line;
	struct fr_link_model link;
	struct fr_buf waiting, under_way;
};

struct model {
	const struct model_file *files;
	size_t n_files;
	struct fr_measurement *load;
	struct fr_page *page;
	struct fr_wire *wire;
	struct fr_h2_session *server;
	struct fr_pool pool;
	struct stream streams[MAX_STREAMS];
	size_t n;
	struct direction down, up;
	uint64_t now_us;
	bool is_complete;
};

/* --- the site --- */

static const struct model_file *find(struct model *m, struct fr_str path)
{
	for (size_t i = 0; i < m->n_files; i++)
		if (fr_str_is(path, m->files[i].path))
			return &m->files[i];
	return NULL;
}

static struct stream *new_stream(struct model *m)
{
	struct stream *s = &m->streams[m->n++];

	assert_true(m->n < MAX_STREAMS);
	s->m = m;
	s->answer_us = UINT64_MAX;
	fr_arena_init(&s->arena, 1u << 20);
	fr_request_init(&s->req, &s->arena);
	return s;
}

static void *on_open(void *user, int32_t id, struct fr_arena **arena, struct fr_request **req)
{
	struct stream *s = new_stream(user);

	s->id = id;
	*arena = &s->arena;
	*req = &s->req;
	return s;
}

static void promise(struct model *m, struct stream *page, const char *path)
{
	struct stream *s = new_stream(m);
	int32_t id;

	s->req.method_text = FR_STR("GET");
	s->req.scheme = FR_STR("https");
	s->req.authority = FR_STR("site");
	s->req.target = S(path);
	s->file = find(m, S(path));
	assert_non_null(s->file);
	id = fr_h2_push(m->server, page->id, &s->req, s);
	if (id < 0)
		return;
	s->id = id;
	s->answer_us = m->now_us + s->file->think_ms * 1000;
}

static void on_request(void *user, void *stream, bool end)
{
	struct model *m = user;
	struct stream *s = stream;
	struct fr_response resp;

	(void)end;
	s->file = find(m, s->req.target);
	if (!s->file)
		fail_msg("the page asked for %.*s", FR_STR_ARG(s->req.target));
	s->answer_us = m->now_us + s->file->think_ms * 1000;
	for (size_t i = 0; i < MODEL_MAX_NAMES && s->file->push[i]; i++)
		if (fr_h2_push_is_enabled(m->server))
			promise(m, s, s->file->push[i]);
	if (!s->file->early)
		return;
	fr_response_init(&resp, &s->arena, 103);
	assert_int_equal(fr_fields_add(&resp.fields, FR_STR("link"), S(s->file->early)), 0);
	assert_int_equal(fr_h2_submit_informational(m->server, s->id, &resp), 0);
}

static void answer(struct model *m, struct stream *s)
{
	const struct model_file *f = s->file;
	struct fr_response resp;

	s->answer_us = UINT64_MAX;
	fr_response_init(&resp, &s->arena, f->status ? f->status : 200);
	assert_int_equal(fr_fields_add(&resp.fields, FR_STR("content-type"), S(f->type)), 0);
	if (f->link)
		assert_int_equal(fr_fields_add(&resp.fields, FR_STR("link"), S(f->link)), 0);
	if (f->cache_control)
		assert_int_equal(
			fr_fields_add(&resp.fields, FR_STR("cache-control"), S(f->cache_control)),
			0);
	assert_int_equal(fr_h2_submit_response(m->server, s->id, &resp, true), 0);
}

static void on_close(void *user, void *stream, uint32_t code, bool by_peer)
{
	(void)user;
	(void)code;
	(void)by_peer;
	((struct stream *)stream)->answer_us = UINT64_MAX;
}

static struct fr_h2_body on_read(void *user, void *stream, size_t max)
{
	struct stream *s = stream;
	size_t left = strlen(s->file->body) + s->file->padding - s->sent;
	size_t len = left < max ? left : max;

	(void)user;
	return (struct fr_h2_body){.len = len, .end = len == left};
}

static bool on_copy(void *user, void *stream, uint8_t *out, size_t len)
{
	struct stream *s = stream;
	size_t text = strlen(s->file->body);

	(void)user;
	for (size_t i = 0; i < len; i++, s->sent++)
		out[i] = (uint8_t)(s->sent < text ? s->file->body[s->sent] : ' ');
	return true;
}

static void on_body(void *user, void *stream, const uint8_t *data, size_t len)
{
	(void)user;
	(void)stream;
	(void)data;
	(void)len;
}

static void on_end(void *user, void *stream, const struct fr_fields *trailers)
{
	(void)user;
	(void)stream;
	(void)trailers;
}

static void on_fault(void *user, void *stream, enum fr_h2_fault f)
{
	(void)user;
	(void)stream;
	fail_msg("fault: %s", fr_h2_fault_str(f));
}

static const struct fr_h2_events events = {.on_open = on_open,
                                           .on_request = on_request,
                                           .on_data = on_body,
                                           .on_end = on_end,
                                           .on_close = on_close,
                                           .on_read = on_read,
                                           .on_copy = on_copy,
                                           .on_fault = on_fault};

/* --- the client --- */

static bool request(void *user, size_t i)
{
	struct model *m = user;

	if (m->load->entries[i].flags & FR_ENTRY_CROSS_ORIGIN)
		return false;
	m->load->entries[i].conn = 0;
	return fr_wire_request(m->wire, i);
}

static void on_complete(void *user)
{
	struct model *m = user;

	m->is_complete = true;
}

/* --- time --- */

static void direction_init(struct direction *d, const struct model_network *n, uint64_t rate_bps)
{
	d->line = (struct fr_link_line){.rate_bps = rate_bps, .loss = n->loss, .random = 7};
	fr_link_model_init(&d->link, &d->line, n->delay_us);
	fr_buf_init(&d->waiting, 64u << 20);
	fr_buf_init(&d->under_way, 64u << 20);
}

static void direction_fini(struct direction *d)
{
	fr_link_model_fini(&d->link);
	fr_buf_fini(&d->waiting);
	fr_buf_fini(&d->under_way);
}

/* What has arrived; what the window has room for is sent. */
static size_t step(struct direction *d, uint64_t now_us)
{
	size_t room = fr_link_model_room(&d->link, now_us);
	size_t n = fr_buf_len(&d->waiting) < room ? fr_buf_len(&d->waiting) : room;

	if (n) {
		assert_int_equal(fr_buf_append(&d->under_way, fr_buf_data(&d->waiting), n), 0);
		fr_link_model_send(&d->link, now_us, n);
		fr_buf_consume(&d->waiting, n);
	}
	return fr_link_model_deliver(&d->link, now_us);
}

/* All that happens at this moment, until nothing more does. */
static void settle(struct model *m)
{
	size_t n;

	do {
		fr_page_advance(m->page, m->now_us);
		for (size_t i = 0; i < m->n; i++)
			if (m->streams[i].answer_us <= m->now_us)
				answer(m, &m->streams[i]);
		assert_int_equal(fr_wire_drain(m->wire, &m->up.waiting), 0);
		/* no more than the socket would hold: priorities stay of use */
		if (fr_buf_len(&m->down.waiting) < 16384)
			assert_int_equal(fr_h2_drain(m->server, &m->down.waiting, 16384), 0);
		n = step(&m->up, m->now_us);
		if (n)
			assert_int_equal(fr_h2_feed(m->server, fr_buf_data(&m->up.under_way), n,
			                            m->now_us / 1000),
			                 0);
		fr_buf_consume(&m->up.under_way, n);
		n = step(&m->down, m->now_us);
		if (n)
			assert_int_equal(fr_wire_feed(m->wire, fr_buf_data(&m->down.under_way), n,
			                              m->now_us),
			                 0);
		fr_buf_consume(&m->down.under_way, n);
	} while (n || fr_h2_wants_drain(m->server) ? fr_link_model_room(&m->down.link, m->now_us) &&
	                                                     (n || fr_buf_len(&m->down.waiting) ||
	                                                      fr_h2_wants_drain(m->server))
	                                           : false);
}

static uint64_t next_event(const struct model *m)
{
	uint64_t next = fr_link_model_next(&m->up.link), at = fr_link_model_next(&m->down.link);

	next = at < next ? at : next;
	at = fr_page_next(m->page);
	next = at < next ? at : next;
	for (size_t i = 0; i < m->n; i++)
		if (m->streams[i].answer_us < next)
			next = m->streams[i].answer_us;
	return next;
}

void model_load(const struct model_file *files, size_t n, const struct model_network *network,
                bool accept_push, bool early_hints, struct fr_measurement *out)
{
	static const struct fr_page_ops ops = {.request = request, .on_complete = on_complete};
	struct fr_page_options options = {.early_hints = early_hints,
	                                  .cpu_percent = network->cpu_percent};
	struct model *m = fr_calloc(1, sizeof *m);
	struct fr_h2_limits limits;

	fr_measurement_init(out, "https://site/");
	m->files = files;
	m->n_files = n;
	m->load = out;
	fr_h2_limits_default(&limits);
	m->server = fr_h2_session_new(&limits, &events, m, &m->pool, 0);
	assert_int_equal(fr_page_new(out, &options, &ops, m, &m->page), 0);
	m->wire = fr_wire_new(m->page, out, accept_push);
	direction_init(&m->down, network, network->rate_bps);
	direction_init(&m->up, network, 0);
	fr_page_begin(m->page, 0);
	for (settle(m); next_event(m) != UINT64_MAX; settle(m))
		m->now_us = next_event(m);
	assert_true(m->is_complete);
	fr_page_finish(m->page, m->now_us);
	fr_wire_free(&m->wire);
	fr_h2_session_free(&m->server);
	fr_pool_fini(&m->pool);
	for (size_t i = 0; i < m->n; i++)
		fr_arena_fini(&m->streams[i].arena);
	direction_fini(&m->down);
	direction_fini(&m->up);
	fr_page_free(&m->page);
	free(m);
}

const struct fr_measurement_entry *model_entry(const struct fr_measurement *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (fr_str_ends(S(l->entries[i].url), S(path)))
			return &l->entries[i];
	fail_msg("%s was not loaded", path);
	return NULL;
}
