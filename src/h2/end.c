/* How a stream or the whole connection ends: faults of the client, RST_STREAM, GOAWAY, and
 * the last event of a stream. Declared in h2/session.h and h2/session_priv.h. */
#include "base/mem.h"
#include "h2/session_priv.h"

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

/* GOAWAY with an error; the connection ends after the next drain. */
static void terminate(struct fr_h2_session *s, enum fr_h2_code code)
{
	if (s->is_terminated)
		return;
	s->is_terminated = true;
	fr_h2_settle(s, false); /* the first frame, whatever follows */
	(void)nghttp2_session_terminate_session(s->ng, code);
}

void fr_h2_reset_now(struct fr_h2_stream *st, uint32_t code)
{
	st->is_gone = true;
	(void)nghttp2_submit_rst_stream(st->session->ng, NGHTTP2_FLAG_NONE, st->id, code);
}

void fr_h2_report(struct fr_h2_session *s, struct fr_h2_stream *st, enum fr_h2_fault f)
{
	if (s->is_terminated)
		return;
	s->stats.faults[f]++;
	s->events.on_fault(s->user, st ? st->user : NULL, f);
	if (faults[f].is_connection)
		terminate(s, (enum fr_h2_code)faults[f].code);
	else if (st)
		fr_h2_reset_now(st, faults[f].code);
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
