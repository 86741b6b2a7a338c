/* A client that speaks HTTP/1.x: one exchange at a time; what a pipelining
 * client sends ahead waits in `in`, bounded by pausing the stream, so answers
 * leave in order. All output happens in h1_flush, once a turn. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/client.h"
#include "exchange/connection.h"
#include "exchange/exchange.h"
#include "exchange/record.h"
#include "exchange/whose.h"
#include "http/fields.h"
#include "http/h1.h"
#include "http/message.h"
#include "net/loop.h"
#include "net/transport.h"
#include "observe/counters.h"

/* Input that waits for the exchange before it: one read may come on top. */
#define PARKED_BYTES (4u * FR_READ_BYTES)
/* Response bytes put into the stream ahead of what the socket has taken. */
#define AHEAD_BYTES 65536u
/* Of a head, beside its fields: status line, Connection, framing, the empty line. */
#define HEAD_LINES_BYTES 256u
/* No less of a body is written for want of room; the size and CRLFs of a chunk. */
#define MIN_ROOM_BYTES 4096u
#define CHUNK_LINES_BYTES 64u

struct h1 {
	struct fr_h1_parser *parser; /* owned */
	struct fr_exchange *current; /* borrowed until left; NULL between requests */
	struct fr_buf in;            /* parked input */
	bool request_done;           /* the current request has been read whole */
	bool head_waits;             /* the response's, for room in the output */
	const char *connection;      /* its value of Connection; static; NULL: none */
	bool is_chunked;             /* the response's body */
	bool is_until_close;         /* the response's body ends with the connection */
	bool close_after;            /* this response is the last one */
	bool ignores_input;          /* what follows cannot be understood */
	bool timed_out;              /* the current exchange gave up on the client */
	bool got_eof;
};

static struct h1 *h1_of(const struct fr_client *c)
{
	return c->h;
}

/* --- what the exchange asks for --- */

/* What a head may take, written: two octets for each of ": " and CRLF. */
static size_t head_bytes(const struct fr_response *resp)
{
	return HEAD_LINES_BYTES + fr_fields_size(&resp->fields);
}

/* One that does not fit is no loss; half of one would be. */
static void op_informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	struct fr_client *c = fr_client_of(ex->client);
	struct fr_buf *out = fr_transport_out(c->conn.transport);

	if (head_bytes(resp) > fr_buf_room(out))
		return;
	if (fr_h1_write_response(out, resp, false, NULL) < 0)
		h1_of(c)->timed_out = true;
	fr_client_flush_later(c);
}

/* The value of Connection, NULL for none; decides whether this is the last. */
static const char *persistence(struct fr_client *c, struct fr_exchange *ex)
{
	struct h1 *h = h1_of(c);

	if (ex->resp.status == 101)
		return NULL; /* relayed with its own Connection: upgrade */
	if (!ex->req.keep_alive || c->conn.is_draining || h->is_until_close ||
	    (ex->to_origin.discards && !h->request_done))
		h->close_after = true;
	if (h->close_after)
		return "close";
	return ex->req.version == FR_HTTP_1_0 ? "keep-alive" : NULL;
}

static void op_head(struct fr_exchange *ex)
{
	struct fr_client *c = fr_client_of(ex->client);
	struct h1 *h = h1_of(c);
	bool endless =
		fr_exchange_has_body(ex) && ex->resp.content_length < 0 && ex->resp.status != 101;

	h->is_chunked = endless && ex->req.version != FR_HTTP_1_0;
	h->is_until_close = endless && !h->is_chunked;
	h->connection = persistence(c, ex);
	h->head_waits = true;
	fr_client_flush_later(c);
}

static void op_body(struct fr_exchange *ex)
{
	fr_client_flush_later(fr_client_of(ex->client));
}

static void op_consumed(struct fr_exchange *ex, size_t len)
{
	(void)len;
	fr_client_flush_later(fr_client_of(ex->client));
}

static void op_abort(struct fr_exchange *ex, enum fr_abort why)
{
	(void)why;
	h1_of(fr_client_of(ex->client))->timed_out = true;
	fr_client_flush_later(fr_client_of(ex->client));
}

static int op_path(struct fr_exchange *ex, struct fr_budget_path *out)
{
	/* of a proxy the path says nothing: the client is behind it */
	if (fr_whose_is_proxied(ex))
		return FR_ERR_UNSUPPORTED;
	return fr_client_path(fr_client_of(ex->client), out);
}

static const struct fr_exchange_ops exchange_ops = {
	.informational = op_informational,
	.head = op_head,
	.body = op_body,
	.consumed = op_consumed,
	.abort = op_abort,
	.path = op_path,
};

/* --- reading --- */

/* False without memory. */
static bool begin_message(struct fr_client *c)
{
	struct h1 *h = h1_of(c);

	h->current = fr_exchange_new(&c->conn, &exchange_ops, 0);
	if (!h->current)
		return false;
	h->request_done = h->is_chunked = h->is_until_close = h->head_waits = false;
	fr_h1_begin_request(h->parser, &h->current->arena, &h->current->req);
	return true;
}

static void refuse_input(struct fr_client *c, enum fr_h1_error e)
{
	struct h1 *h = h1_of(c);

	h->ignores_input = h->close_after = true;
	if (h->current->to_client.head_sent)
		h->timed_out = true; /* too late to say so: the connection is cut */
	else
		fr_exchange_refuse(h->current, fr_h1_error_status(e), fr_h1_error_str(e));
}

static void take_head(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;

	ex->req.scheme = fr_connection_scheme(&c->conn);
	if (!fr_connection_has_share(&c->conn)) {
		fr_count(&c->conn.worker->counters, FR_COUNT_LIMIT_MEMORY_REQUESTS);
		h->close_after = true;
		fr_exchange_refuse(ex, 503, "");
		return;
	}
	fr_exchange_begin(ex, fr_h1_framing(h->parser) == FR_H1_NO_BODY);
}

static void take_event(struct fr_client *c, struct fr_h1_result r)
{
	struct h1 *h = h1_of(c);

	switch (r.event) {
	case FR_H1_HEAD:
		take_head(c);
		break;
	case FR_H1_BODY:
		fr_exchange_body(h->current, (const uint8_t *)r.body.p, r.body.len);
		break;
	case FR_H1_END:
		h->request_done = true;
		if (!h->current->to_origin.ended)
			fr_exchange_request_end(h->current, fr_h1_trailers(h->parser));
		break;
	case FR_H1_FAILED:
		refuse_input(c, r.error);
		break;
	case FR_H1_NEED_MORE:
		break;
	}
}

/* Must input wait for the exchange under way? */
static bool is_blocked(const struct fr_client *c)
{
	const struct h1 *h = h1_of(c);
	const struct fr_exchange *ex = h->current;

	if (!ex)
		return false;
	if (ex->state == FR_EXCHANGE_TUNNEL)
		return fr_exchange_request_room(ex) == 0;
	if (h->request_done)
		return true;
	return ex->state != FR_EXCHANGE_HEAD && !ex->to_origin.discards &&
	       fr_exchange_request_room(ex) == 0;
}

/* Takes what can be taken of the input; returns how much. */
static size_t process(struct fr_client *c, const uint8_t *data, size_t len)
{
	struct h1 *h = h1_of(c);
	struct fr_h1_result r = {.event = FR_H1_BODY};
	size_t used = 0;

	while ((used < len || r.event != FR_H1_NEED_MORE) && !is_blocked(c)) {
		if (h->ignores_input || (!h->current && h->close_after))
			return len;
		if (h->current && h->current->state == FR_EXCHANGE_TUNNEL) {
			if (used < len)
				fr_exchange_body(h->current, data + used, len - used);
			return len;
		}
		if (!h->current) {
			if (used == len)
				break;
			if (!begin_message(c)) {
				fr_client_cut(c, true);
				return len;
			}
		}
		r = fr_h1_feed(h->parser, data + used, len - used);
		used += r.consumed;
		take_event(c, r);
	}
	return used;
}

/* Goes on with parked input, then lets the stream read as needed. */
static void process_parked(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	size_t n = fr_buf_len(&h->in);

	/* also without input: the request's end may be due */
	if ((n || (h->current && !h->request_done)) && !is_blocked(c))
		fr_buf_consume(&h->in, process(c, fr_buf_data(&h->in), n));
	if (fr_buf_len(&h->in) || (is_blocked(c) && !h->request_done))
		fr_transport_pause(c->conn.transport);
	else
		fr_transport_resume(c->conn.transport);
}

static void h1_data(struct fr_client *c, const uint8_t *data, size_t len)
{
	struct h1 *h = h1_of(c);
	size_t used = fr_buf_len(&h->in) ? 0 : process(c, data, len);

	if (used < len && fr_buf_append(&h->in, data + used, len - used) < 0) {
		fr_client_cut(c, true);
		return;
	}
	process_parked(c);
}

/* --- writing --- */

/* Is there room for `len` more bytes in the output, once the socket has taken what it
 * takes? The output holds any head that the limits allow; false: something is before it
 * there, and we hear when that has left. */
static bool has_room(struct fr_client *c, size_t len)
{
	struct fr_buf *out = fr_transport_out(c->conn.transport);

	if (len > fr_buf_room(out))
		fr_transport_flush(c->conn.transport);
	return len <= fr_buf_room(out) || fr_transport_backlog(c->conn.transport) == 0;
}

/* 1: written; 0: it waits; negative: it cannot be. */
static int write_head(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;

	if (!h->head_waits)
		return 1;
	if (!has_room(c, head_bytes(&ex->resp)))
		return 0;
	h->head_waits = false;
	if (fr_h1_write_response(fr_transport_out(c->conn.transport), &ex->resp, h->is_chunked,
	                         h->connection) < 0) {
		fr_count(&c->conn.worker->counters, FR_COUNT_LIMIT_OUTPUT);
		return FR_ERR_LIMIT;
	}
	return 1;
}

/* The socket may take what is ahead at once, and then nothing tells of it: so it is asked
 * before we wait for it. */
static bool is_far_ahead(struct fr_client *c)
{
	const struct fr_buf *out = fr_transport_out(c->conn.transport);

	if (fr_transport_backlog(c->conn.transport) < AHEAD_BYTES &&
	    fr_buf_room(out) > MIN_ROOM_BYTES)
		return false;
	fr_transport_flush(c->conn.transport);
	return fr_transport_backlog(c->conn.transport) >= AHEAD_BYTES ||
	       fr_buf_room(out) <= MIN_ROOM_BYTES;
}

/* Moves response bytes to the stream as far as that makes sense now. */
static int write_body(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;
	struct fr_buf *out = fr_transport_out(c->conn.transport);

	while (fr_exchange_body_ready(ex) && !is_far_ahead(c)) {
		const uint8_t *data;
		size_t n = fr_exchange_body_peek(ex, &data);
		int rc;

		if (n > AHEAD_BYTES)
			n = AHEAD_BYTES;
		if (n > fr_buf_room(out) - CHUNK_LINES_BYTES)
			n = fr_buf_room(out) - CHUNK_LINES_BYTES;
		if (h->is_chunked)
			rc = fr_h1_write_chunk(out, data, n);
		else
			rc = fr_buf_append(out, data, n);
		if (rc < 0)
			return rc;
		fr_exchange_body_take(ex, n);
		fr_transport_flush(c->conn.transport);
	}
	return 0;
}

/* The response is complete: on to the next request, or the end. */
static int end_response(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;
	bool last = h->close_after || !h->request_done || ex->resp.status == 101 || h->got_eof;
	int rc = 0;

	if (h->is_chunked)
		rc = fr_h1_write_last_chunk(fr_transport_out(c->conn.transport),
		                            ex->to_client.trailers);
	if (rc < 0)
		return rc;
	h->current = NULL;
	fr_exchange_leave(ex, true, false, false);
	if (last)
		fr_client_finish(c);
	return 0;
}

/* The exchange or the protocol cannot go on. The client must not take what it has for
 * a complete response: without framing only a reset says so. */
static void give_up(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;

	if (ex && !ex->to_client.head_sent && ex->state == FR_EXCHANGE_HEAD &&
	    !fr_h1_is_idle(h->parser)) {
		h->timed_out = false;
		h->ignores_input = h->close_after = true;
		fr_exchange_refuse(ex, 408, "The request did not arrive in time.");
		return;
	}
	if (h->is_until_close)
		fr_client_cut(c, true);
	else
		fr_client_finish(c);
}

/* One response's step; true if the next request may have one as well. */
static bool flush_current(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;
	int head;

	if (h->timed_out)
		give_up(c);
	if (c->state != FR_CLIENT_ACTIVE || !ex || !ex->to_client.head_sent)
		return false;
	head = write_head(c);
	if (head < 0 || (head > 0 && write_body(c) < 0)) {
		fr_client_cut(c, true);
		return false;
	}
	if (head == 0)
		return false;
	if (ex->to_client.failed && fr_exchange_body_len(ex) == 0) {
		give_up(c);
		return false;
	}
	if (!fr_exchange_body_ended(ex) || fr_exchange_body_len(ex))
		return false;
	if (ex->to_client.trailers &&
	    !has_room(c, HEAD_LINES_BYTES + fr_fields_size(ex->to_client.trailers)))
		return false;
	if (end_response(c) < 0)
		fr_client_cut(c, true);
	return c->state == FR_CLIENT_ACTIVE;
}

static void h1_flush(struct fr_client *c)
{
	bool more;

	do {
		more = flush_current(c);
		if (c->state != FR_CLIENT_ACTIVE)
			return;
		process_parked(c);
	} while (more && h1_of(c)->current && h1_of(c)->current->to_client.head_sent);
	fr_record_count(c->conn.worker);
	if (c->state == FR_CLIENT_ACTIVE)
		fr_transport_flush(c->conn.transport);
}

/* --- the connection --- */

static void h1_open(struct fr_client *c)
{
	struct h1 *h = fr_try_calloc(1, sizeof *h);
	struct fr_h1_limits limits = FR_H1_LIMITS_DEFAULT;
	const struct fr_config_limits *configured = &c->conn.gen->config->limits;

	limits.line_bytes = configured->request_line_bytes;
	limits.fields_bytes = configured->fields_bytes;
	limits.fields_count = configured->fields_count;
	c->h = h;
	if (h) {
		h->parser = fr_h1_request_parser_new(&limits);
		fr_buf_init(&h->in, PARKED_BYTES);
	}
	if (!h || !h->parser)
		fr_client_cut(c, true);
}

static void h1_eof(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h->current;

	h->got_eof = true;
	if (ex && ex->state == FR_EXCHANGE_TUNNEL) {
		fr_exchange_request_end(ex, NULL);
		return;
	}
	/* a client that only ended its own side still gets its answer */
	if (ex && (h->request_done || ex->to_client.head_sent)) {
		h->close_after = true;
		return;
	}
	fr_client_cut(c, false);
}

static void h1_drained(struct fr_client *c)
{
	(void)c; /* the flush that follows goes on */
}

static void h1_drain(struct fr_client *c)
{
	if (!h1_of(c)->current && fr_client_awaits_first(c))
		return; /* the response says that it is the last */
	h1_of(c)->close_after = true;
	if (!h1_of(c)->current)
		fr_client_finish(c);
}

static void h1_abandon(struct fr_client *c)
{
	struct h1 *h = h1_of(c);
	struct fr_exchange *ex = h ? h->current : NULL;

	if (!h)
		return; /* no memory */
	h->current = NULL;
	if (ex)
		fr_exchange_leave(ex, false, true, false);
}

static void h1_free(struct fr_client *c)
{
	struct h1 *h = h1_of(c);

	if (!h)
		return;
	fr_h1_parser_free(&h->parser);
	fr_buf_fini(&h->in);
	free(h);
	c->h = NULL;
}

static enum fr_client_wait h1_waits_for(const struct fr_client *c)
{
	return h1_of(c)->current ? FR_WAIT_NONE : FR_WAIT_IDLE;
}

static size_t h1_held(const struct fr_client *c)
{
	return c->h ? sizeof(struct h1) + h1_of(c)->in.cap : 0;
}

const struct fr_client_protocol fr_client_h1 = {
	.held = h1_held,
	.open = h1_open,
	.data = h1_data,
	.eof = h1_eof,
	.drained = h1_drained,
	.flush = h1_flush,
	.drain = h1_drain,
	.abandon = h1_abandon,
	.free = h1_free,
	.waits_for = h1_waits_for,
};
