#include "h2/session.h"

#include <stdlib.h>

#include "base/mem.h"
#include "h2/session_priv.h"

/* Acknowledgements of PING and SETTINGS that may wait for a client that sends
 * them without reading. */
#define MAX_OUTBOUND_ACK 256u
#define MAX_SETTINGS_ENTRIES 32u

static const struct {
	uint32_t code;
	bool is_connection;
	const char *text;
} faults[] = {
#define X(id, code, conn, text) {code, conn, text},
	FR_H2_FAULT_TABLE(X)
#undef X
};

const char *fr_h2_fault_str(enum fr_h2_fault f)
{
	return (size_t)f < FR_ARRAY_LEN(faults) ? faults[f].text : "?";
}

const char *fr_h2_code_str(uint32_t code)
{
	static const char *const names[] = {
#define X(id, n) [n] = #id,
		FR_H2_CODE_TABLE(X)
#undef X
	};

	return code < FR_ARRAY_LEN(names) ? names[code] : "unknown";
}

void fr_h2_limits_default(struct fr_h2_limits *l)
{
	*l = (struct fr_h2_limits){
		.max_concurrent_streams = 128,
		.window_bytes = 65536,
		.connection_window_bytes = 262144,
		.window_max_bytes = 65536,
		.connection_window_max_bytes = 262144,
		.max_frame_bytes = 16384,
		.header_table_bytes = 4096,
		.encoder_table_bytes = 4096,
		.fields_bytes = 65536,
		.fields_count = 128,
		.fields_connection_bytes = 1u << 20,
		.control_burst = 200,
		.control_per_second = 50,
		.window_update_per_frame = 4,
		.continuation_frames = 8,
		.reset_burst = 200,
		.reset_per_second = 20,
	};
}

/* --- streams --- */

struct fr_h2_stream *fr_h2_stream_new(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_pool_alloc(s->pool, sizeof *st);

	if (!st)
		return NULL;
	*st = (struct fr_h2_stream){0};
	st->magic = FR_H2_STREAM_MAGIC;
	st->id = id;
	st->session = s;
	st->window.bytes = s->limits.window_bytes;
	st->priority = fr_priority_default();
	st->next = s->streams;
	st->pprev = &s->streams;
	if (st->next)
		st->next->pprev = &st->next;
	s->streams = st;
	s->n_streams++;
	s->stats.streams++;
	return st;
}

void fr_h2_stream_free(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;

	*st->pprev = st->next;
	if (st->next)
		st->next->pprev = st->pprev;
	s->held_bytes -= st->held_bytes;
	s->wire_bytes -= st->wire_bytes;
	s->n_streams--;
	if (s->n_streams == 0)
		fr_h2_forget_cookie(s);
	if (st->is_push)
		s->n_pushes--;
	st->magic = 0;
	if (s->recent == st)
		s->recent = NULL;
	fr_pool_free(s->pool, st);
}

struct fr_h2_stream *fr_h2_lookup(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = s->recent;

	if (st && st->id == id)
		return st;
	st = nghttp2_session_get_stream_user_data(s->ng, id);
	FR_ASSERT(!st || st->magic == FR_H2_STREAM_MAGIC);
	if (st)
		s->recent = st;
	return st;
}

struct fr_h2_stream *fr_h2_find(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_h2_lookup(s, id);

	if (st)
		return st;
	/* nghttp2 knows a promised stream only once the promise is serialised */
	for (st = s->n_pushes ? s->streams : NULL; st; st = st->next)
		if (st->id == id && st->state == FR_H2_ST_RESERVED)
			return st;
	return NULL;
}

void fr_h2_stream_close(struct fr_h2_stream *st, uint32_t code)
{
	struct fr_h2_session *s = st->session;
	void *user = st->user;
	bool by_peer = st->is_reset_by_peer;

	st->state = FR_H2_ST_CLOSED;
	fr_h2_order_without(st);
	s->unconsumed -= st->unconsumed;
	if (st->unconsumed)
		(void)nghttp2_session_consume_connection(s->ng, st->unconsumed);
	fr_h2_stream_free(st);
	if (user)
		s->events.on_close(s->user, user, code, by_peer);
}

void fr_h2_reset_now(struct fr_h2_stream *st, uint32_t code)
{
	st->is_gone = true;
	(void)nghttp2_submit_rst_stream(st->session->ng, NGHTTP2_FLAG_NONE, st->id, code);
}

/* --- faults --- */

void fr_h2_report(struct fr_h2_session *s, struct fr_h2_stream *st, enum fr_h2_fault f)
{
	if (s->is_terminated)
		return;
	s->stats.faults[f]++;
	s->events.on_fault(s->user, st ? st->user : NULL, f);
	if (faults[f].is_connection)
		fr_h2_terminate(s, (enum fr_h2_code)faults[f].code);
	else if (st)
		fr_h2_reset_now(st, faults[f].code);
}

void fr_h2_terminate(struct fr_h2_session *s, enum fr_h2_code code)
{
	if (s->is_terminated)
		return;
	s->is_terminated = true;
	fr_h2_settle(s, false); /* the first frame, whatever follows */
	(void)nghttp2_session_terminate_session(s->ng, code);
}

/* --- life --- */

/* nghttp2 allocates through ours, so that it costs little and tests can make it
 * fail. Its session itself is small and of fixed size: that may abort. */
static void *ng_malloc(size_t size, void *user)
{
	return fr_pool_alloc(user, size);
}

static void *ng_calloc(size_t count, size_t size, void *user)
{
	void *p = size && count > SIZE_MAX / size ? NULL : fr_pool_alloc(user, count * size);

	return p ? memset(p, 0, count * size) : NULL;
}

static void *ng_realloc(void *p, size_t size, void *user)
{
	return fr_pool_realloc(user, p, size);
}

static void ng_free(void *p, void *user)
{
	fr_pool_free(user, p);
}

static nghttp2_session *make_ng(struct fr_h2_session *s)
{
	nghttp2_mem mem = {.mem_user_data = s->pool,
	                   .malloc = ng_malloc,
	                   .calloc = ng_calloc,
	                   .realloc = ng_realloc,
	                   .free = ng_free};
	nghttp2_session_callbacks *cb;
	nghttp2_option *opt;
	nghttp2_session *ng = NULL;

	if (nghttp2_session_callbacks_new(&cb) != 0)
		return NULL;
	if (nghttp2_option_new(&opt) != 0) {
		nghttp2_session_callbacks_del(cb);
		return NULL;
	}
	fr_h2_set_receive_callbacks(cb);
	fr_h2_set_send_callbacks(cb);
	fr_h2_set_priority_callbacks(cb);
	nghttp2_option_set_no_auto_window_update(opt, 1);
	nghttp2_option_set_no_closed_streams(opt, 1);
	nghttp2_option_set_max_outbound_ack(opt, MAX_OUTBOUND_ACK);
	nghttp2_option_set_max_send_header_block_length(opt, FR_H2_SEND_BLOCK_BYTES);
	nghttp2_option_set_max_settings(opt, MAX_SETTINGS_ENTRIES);
	nghttp2_option_set_max_continuations(opt, s->limits.continuation_frames);
	nghttp2_option_set_max_deflate_dynamic_table_size(opt, s->limits.encoder_table_bytes);
	/* nghttp2 ignores it for pushes, lets a later Priority field win over it, and
	 * keeps idle streams for it */
	nghttp2_option_set_user_recv_extension_type(opt, NGHTTP2_PRIORITY_UPDATE);
	/* ours counts more kinds of resets and speaks first */
	nghttp2_option_set_stream_reset_rate_limit(opt, s->limits.reset_burst + 1000ull,
	                                           s->limits.reset_per_second + 1000ull);
	if (nghttp2_session_server_new3(&ng, cb, s, opt, &mem) != 0)
		ng = NULL;
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(opt);
	return ng;
}

void fr_h2_settle(struct fr_h2_session *s, bool no_tree)
{
	const struct fr_h2_limits *l = &s->limits;
	nghttp2_settings_entry iv[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->max_concurrent_streams},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, l->window_bytes},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)l->fields_bytes},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, no_tree},
		{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, l->header_table_bytes},
		{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, l->max_frame_bytes},
	};

	if (s->has_settings)
		return;
	s->has_settings = true;
	if (nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, iv, FR_ARRAY_LEN(iv)) < 0) {
		s->is_terminated = true; /* no memory: the connection is closed */
		return;
	}
	(void)nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0,
	                                            (int32_t)l->connection_window_bytes);
}

struct fr_h2_session *fr_h2_session_new(const struct fr_h2_limits *limits,
                                        const struct fr_h2_events *events, void *user,
                                        struct fr_pool *pool, uint64_t now_ms)
{
	struct fr_h2_session *s = fr_try_calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->limits = *limits;
	s->events = *events;
	s->user = user;
	s->pool = pool;
	s->now_ms = now_ms;
	s->window.bytes = limits->connection_window_bytes;
	for (int i = 0; i < FR_H2_BUCKET_COUNT; i++)
		fr_bucket_init(&s->buckets[i], limits->control_burst, limits->control_per_second,
		               now_ms);
	fr_bucket_init(&s->buckets[FR_H2_BUCKET_RESET], limits->reset_burst,
	               limits->reset_per_second, now_ms);
	fr_bucket_init(&s->buckets[FR_H2_BUCKET_GONE],
	               FR_H2_GONE_FRAMES + limits->connection_window_bytes / 1024,
	               limits->control_per_second, now_ms);
	fr_buf_init(&s->crumbs, limits->fields_bytes);
	fr_h2_frame_guard_init(&s->walk);
	s->ng = make_ng(s);
	if (s->ng)
		return s;
	fr_buf_fini(&s->crumbs);
	free(s);
	return NULL;
}

void fr_h2_session_free(struct fr_h2_session **sp)
{
	struct fr_h2_session *s = *sp;
	struct fr_h2_stream *st, *next;

	if (!s)
		return;
	FR_ASSERT(!s->is_draining_now);
	for (st = s->streams; st; st = next) {
		next = st->next;
		(void)nghttp2_session_set_stream_user_data(s->ng, st->id, NULL);
		fr_h2_stream_close(st, FR_H2_CANCEL);
	}
	nghttp2_session_del(s->ng);
	fr_h2_forget_cookie(s);
	fr_buf_fini(&s->crumbs);
	free(s);
	*sp = NULL;
}

/* --- feed and drain --- */

static enum fr_h2_fault fault_of(int64_t err)
{
	switch (err) {
	case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
		return FR_H2_FAULT_CONTINUATION_FLOOD;
	case NGHTTP2_ERR_FLOODED:
		return FR_H2_FAULT_ACK_QUEUE;
	case NGHTTP2_ERR_TOO_MANY_SETTINGS:
		return FR_H2_FAULT_SETTINGS_FLOOD;
	default:
		return FR_H2_FAULT_LIBRARY;
	}
}

int fr_h2_feed(struct fr_h2_session *s, const uint8_t *data, size_t len, uint64_t now_ms)
{
	ssize_t n;

	s->now_ms = now_ms;
	if (s->is_terminated)
		return FR_ERR_PROTOCOL;
	fr_h2_frame_guard(s, data, len);
	if (s->is_terminated)
		return FR_ERR_PROTOCOL;
	n = nghttp2_session_mem_recv(s->ng, data, len);
	if (n < 0)
		fr_h2_report(s, NULL, fault_of(n));
	else if (nghttp2_session_get_outbound_queue_size(s->ng) >
	         FR_H2_QUEUED_FRAMES + FR_H2_QUEUED_FRAMES_PER_STREAM * s->n_streams)
		fr_h2_report(s, NULL, FR_H2_FAULT_FRAME_QUEUE);
	return s->is_terminated ? FR_ERR_PROTOCOL : 0;
}

int fr_h2_drain(struct fr_h2_session *s, struct fr_buf *out, size_t max_bytes)
{
	size_t until = fr_buf_len(out) + max_bytes;
	int rc = 0;

	s->out = out;
	s->out_until = until;
	s->is_draining_now = true;
	while (rc == 0 && fr_buf_len(out) < until) {
		const uint8_t *data;
		ssize_t n = nghttp2_session_mem_send(s->ng, &data);

		if (n < 0)
			rc = n == NGHTTP2_ERR_NOMEM ? FR_ERR_NOMEM : FR_ERR_PROTOCOL;
		if (n < 0 || (n == 0 && !s->order_pending))
			break;
		if (n > 0)
			rc = fr_buf_append(out, data, (size_t)n);
		fr_h2_apply_order(s);
	}
	s->is_draining_now = false;
	s->out = NULL;
	return rc;
}

bool fr_h2_wants_drain(const struct fr_h2_session *s)
{
	return nghttp2_session_want_write(s->ng) != 0;
}

bool fr_h2_is_finished(const struct fr_h2_session *s)
{
	return !nghttp2_session_want_read(s->ng) && !nghttp2_session_want_write(s->ng);
}

/* --- closing --- */

void fr_h2_shutdown_begin(struct fr_h2_session *s)
{
	if (s->goaway_sent || s->is_terminated)
		return;
	s->goaway_sent = true;
	fr_h2_settle(s, false);
	(void)nghttp2_submit_shutdown_notice(s->ng);
}

void fr_h2_shutdown_finish(struct fr_h2_session *s)
{
	if (s->is_terminated)
		return;
	s->goaway_sent = true;
	fr_h2_settle(s, false);
	(void)nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE,
	                            nghttp2_session_get_last_proc_stream_id(s->ng), FR_H2_NO_ERROR,
	                            NULL, 0);
}

size_t fr_h2_session_held(const struct fr_h2_session *s)
{
	return sizeof *s + FR_H2_SESSION_BYTES + s->interim_bytes + s->crumbs.cap +
	       s->n_streams * (sizeof *s->streams + FR_H2_STREAM_BYTES) +
	       nghttp2_session_get_outbound_queue_size(s->ng) * FR_H2_FRAME_BYTES;
}

size_t fr_h2_stream_count(const struct fr_h2_session *s)
{
	return s->n_streams;
}

const struct fr_h2_stats *fr_h2_session_stats(const struct fr_h2_session *s)
{
	return &s->stats;
}

const char *fr_h2_library_version(void)
{
	return nghttp2_version(0)->version_str;
}
