/* Notes what a worker is doing, for a crash report (base/crash.h): a few stores per event,
 * without a branch. Used by the client side, exchanges and fills; the loop notes that
 * nothing is left to do. */
#ifndef FR_EXCHANGE_ACTIVITY_H
#define FR_EXCHANGE_ACTIVITY_H

#include "base/crash.h"
#include "exchange/exchange.h"

/* Something of this connection, whatever the exchange. */
static inline void fr_activity_connection(const struct fr_connection *c,
                                          enum fr_activity_stage stage)
{
	struct fr_activity *a = c->worker->activity;

	a->connection = c->serial;
	a->clients = (uint32_t)c->worker->n_clients;
	fr_activity_set(a, stage);
}

/* A request: begun, or its response comes. id, connection, stream: 0 where there are none. */
static inline void fr_activity_request(struct fr_activity *a, const struct fr_request *req,
                                       enum fr_activity_stage stage)
{
	(void)fr_activity_text(a->method, sizeof a->method - 1, req->method_text);
	a->method[req->method_text.len < sizeof a->method ? req->method_text.len
	                                                  : sizeof a->method - 1] = '\0';
	a->host_len = fr_activity_text(a->host, sizeof a->host, req->authority);
	/* queries hold what is nobody's business */
	a->path_len = fr_activity_text(a->path, sizeof a->path,
	                               fr_str_sub(req->target, 0, fr_str_find(req->target, '?')));
	a->version = (uint32_t)req->version;
	fr_activity_set(a, stage);
}

static inline void fr_activity_exchange(const struct fr_exchange *ex, enum fr_activity_stage stage)
{
	struct fr_activity *a = ex->worker->activity;

	a->connection = a->of_connection = ex->client->serial;
	a->exchange = ex->seen.id;
	a->stream = ex->stream_id;
	a->clients = (uint32_t)ex->worker->n_clients;
	fr_activity_request(a, &ex->req, stage);
}

#endif
