/* GET /events of the admin interface: the status each second, as server-sent
 * events. A reader that is slower than that misses some. */
#include "stages/admin/admin_priv.h"

struct fr_admin_events {
	struct fr_timer timer;
	struct fr_exchange *ex; /* borrowed: it lives in its arena */
};

static bool append(struct fr_exchange *ex, struct fr_buf *text)
{
	struct fr_status snapshot;
	int rc = fr_buf_append(text, "event: status\ndata: ", 20);

	fr_admin_snapshot(ex, ex->worker->gen ? ex->worker->gen->shared : ex->gen->shared, true,
	                  &snapshot);
	if (rc == 0)
		rc = fr_status_json_write(&snapshot, text);
	if (rc == 0)
		rc = fr_buf_append(text, "\n", 1);
	fr_status_fini(&snapshot);
	return rc == 0 && fr_exchange_put(ex, fr_buf_data(text), fr_buf_len(text));
}

static void send_event(struct fr_exchange *ex)
{
	struct fr_buf text;

	if (fr_exchange_body_len(ex))
		return; /* the last one is still on its way */
	fr_buf_init(&text, FR_ANSWERED_BY_MAX_BYTES);
	(void)append(ex, &text);
	fr_buf_fini(&text);
}

static void due(struct fr_timer *t, void *user)
{
	struct fr_admin_events *e = user;

	fr_loop_timer_set(e->ex->worker->loop, t, FR_ADMIN_EVENT_MS);
	send_event(e->ex);
}

void fr_admin_events(struct fr_exchange *ex, struct fr_str query)
{
	struct fr_worker *w = ex->worker;
	struct fr_admin_events *e = fr_arena_calloc(&ex->arena, 1, sizeof *e);

	(void)query;
	if (!e || w->n_events >= FR_ADMIN_MAX_EVENTS) {
		fr_admin_error(ex, 503, "too many streams");
		return;
	}
	e->ex = ex;
	fr_timer_init(&e->timer, due, e);
	fr_exchange_open(ex, "text/event-stream");
	if (ex->state != FR_EXCHANGE_RESPONDING)
		return;
	*fr_stage_slot(ex, &fr_admin_stage) = e;
	w->n_events++;
	fr_loop_timer_set(w->loop, &e->timer, FR_ADMIN_EVENT_MS);
	if (ex->req.method == FR_METHOD_GET)
		send_event(ex);
}

void fr_admin_end_events(struct fr_exchange *ex, void **slot)
{
	struct fr_admin_events *e = *slot;

	if (!e)
		return;
	fr_loop_timer_stop(ex->worker->loop, &e->timer);
	ex->worker->n_events--;
	*slot = NULL;
}
