/* A server session: its life, the bytes that come, the bytes that go. */
#include "h2/session.h"

#include <stdlib.h>

#include "base/mem.h"
#include "h2/session_priv.h"

/* Acknowledgements of PING and SETTINGS that may wait for a client that sends
 * them without reading. */
#define MAX_OUTBOUND_ACK 256u
#define MAX_SETTINGS_ENTRIES 32u

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
