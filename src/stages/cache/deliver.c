/* A stored object answers: Age, Cache-Status, and the watch over a body that
 * still grows. What is sent of it is cache/serve.h's. */
#include "net/wakeup.h"
#include "stages/cache/lookup_priv.h"

/* --- what is said of it --- */

struct fr_str fr_cached_detail(struct fr_exchange *ex)
{
	struct fr_str text = {0};

	if (ex->cache.not_stored != FR_CACHE_STORE_YES)
		(void)!fr_arena_printf(&ex->arena, &text, "; detail=\"%s\"",
		                       fr_cache_store_str(ex->cache.not_stored));
	return text;
}

/* RFC 9211 §2.4: no answer of the origin, no fwd-status. */
static int forwarded(struct fr_exchange *ex, const struct fr_cached *c, struct fr_str *text)
{
	struct fr_str why = fr_cached_detail(ex);
	const char *stored = c->is_stored ? "; stored" : "";

	if (c->is_joined)
		return fr_arena_printf(&ex->arena, text, FR_CACHE_NAME "; fwd=%s; collapsed",
		                       c->fwd);
	if (c->fwd_status == 0)
		return fr_arena_printf(&ex->arena, text, FR_CACHE_NAME "; fwd=%s%s", c->fwd,
		                       stored);
	return fr_arena_printf(&ex->arena, text, FR_CACHE_NAME "; fwd=%s; fwd-status=%d%s%.*s",
	                       c->fwd, c->fwd_status, stored, FR_STR_ARG(why));
}

static int status_line(struct fr_exchange *ex, struct fr_cached *c, int64_t now)
{
	struct fr_str parts[2] = {FR_STR(FR_CACHE_NAME "; hit; ttl=")}, text;
	char digits[FR_I64_DIGITS];
	int rc;

	if (!c->fwd) {
		parts[1] = fr_str_make(digits,
		                       fr_i64_format(digits, fr_cache_ttl(&c->object->fresh, now)));
		rc = fr_arena_concat(&ex->arena, parts, 2, &text);
	} else {
		rc = forwarded(ex, c, &text);
	}
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}

/* Gives up what it held of the object, so that another one can answer. */
void fr_cached_forget_object(struct fr_exchange *ex, struct fr_cached *c)
{
	if (c->watches_body)
		fr_body_unwatch(c->serving.cursor.body, &c->note->watcher);
	c->watches_body = false;
	fr_serving_fini(&c->serving);
	fr_object_unref(&c->object);
	if (c->state != FR_CACHED_READING)
		return;
	if (ex->stages.row->forms)
		ex->stages.row->forms->forget(ex);
	c->state = FR_CACHED_IDLE;
	ex->cache.is_hit = ex->cache.is_stored = false;
	fr_exchange_read_from(ex, NULL, NULL);
}

void fr_cached_own_answer(struct fr_exchange *ex, struct fr_cached *c)
{
	const char *fwd = c && c->fwd ? c->fwd : ex->cache.fwd;
	struct fr_str text = FR_STR(FR_CACHE_NAME "; detail=only-if-cached");

	if (c && c->object) /* our own body answers now */
		fr_cached_forget_object(ex, c);
	if (!fwd)
		return;
	if ((c && c->is_refused) ||
	    fr_arena_printf(&ex->arena, &text, FR_CACHE_NAME "; fwd=%s", fwd) == 0)
		(void)!fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}

static int add_age(struct fr_exchange *ex, const struct fr_cached *c, int64_t now)
{
	int64_t age = fr_cache_age(&c->object->fresh, now);
	struct fr_str text;

	if (c->fwd && age == 0)
		return 0;
	if (fr_arena_number(&ex->arena, age, &text) < 0)
		return FR_ERR_NOMEM;
	return fr_fields_add_id(&ex->resp.fields, FR_FIELD_AGE, text);
}

/* --- reading --- */

static size_t stored_len(const void *of)
{
	const struct fr_cached *c = of;

	return fr_serving_len(&c->serving);
}

static size_t stored_peek(void *of, const uint8_t **data)
{
	struct fr_cached *c = of;

	return fr_serving_peek(&c->serving, data);
}

static void stored_take(void *of, size_t len)
{
	struct fr_cached *c = of;

	fr_serving_take(&c->serving, len);
	if (c->watches_body)
		fr_body_moved(c->serving.cursor.body, &c->note->watcher, c->serving.cursor.pos);
}

static enum fr_source_state stored_done(const void *of)
{
	const struct fr_cached *c = of;

	switch (c->serving.is_filling ? fr_body_state(c->serving.cursor.body) : FR_BODY_COMPLETE) {
	case FR_BODY_COMPLETE:
		return FR_SOURCE_DONE;
	case FR_BODY_FAILED:
		return FR_SOURCE_FAILED;
	case FR_BODY_FILLING:
		break;
	}
	return FR_SOURCE_MORE;
}

static const struct fr_body_source_ops stored = {
	.len = stored_len,
	.peek = stored_peek,
	.take = stored_take,
	.done = stored_done,
};

void fr_cached_poll(struct fr_exchange *ex)
{
	if (!ex->to_client.ended && !ex->to_client.failed)
		fr_exchange_source_moved(ex);
}

/* From here on this exchange is among the body's readers. */
static void watch_body(struct fr_exchange *ex, struct fr_cached *c)
{
	if (!c->note)
		c->note = fr_wakeup_new(&ex->worker->wakeups, c->changed, ex);
	atomic_store(&c->note->watcher.pos, 0);
	c->watches_body = true;
	fr_body_watch(c->serving.cursor.body, &c->note->watcher);
}

static struct fr_body *form_of(void *user)
{
	struct fr_exchange *ex = user;

	return ex->stages.row->forms->body(ex, fr_cached_of(ex)->object);
}

/* Everything of the response but its delivery; FR_ERR_REFUSED: the object takes
 * no more readers. */
static int make_response(struct fr_exchange *ex, struct fr_cached *c)
{
	const struct fr_stored_forms *forms = ex->stages.row->forms;
	struct fr_serve_how how = {.req = &ex->req,
	                           .arena = &ex->arena,
	                           .now_s = fr_loop_wall_s(),
	                           .whole = forms ? form_of : NULL,
	                           .user = ex};
	int rc;

	how.has_forms = forms && forms->decide(ex, c->object);

	if (fr_fields_get(&ex->req.fields, FR_FIELD_RANGE))
		fr_random_bytes(&how.random, sizeof how.random);
	rc = fr_serving_begin(&c->serving, c->object, &how, &ex->resp);
	if (rc == 0)
		rc = add_age(ex, c, how.now_s);
	return rc < 0 ? rc : status_line(ex, c, how.now_s);
}

/* False: it cannot be served (any more), and nothing of it is held. */
bool fr_cached_serve(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_cached *c = fr_cached_of(ex);
	int rc;

	c->object = fr_object_ref(o);
	c->state = FR_CACHED_READING;
	ex->cache.is_hit = !c->fwd;
	ex->cache.is_stored = o->is_admitted || c->is_stored;
	fr_exchange_read_from(ex, &stored, c);
	rc = make_response(ex, c);
	if (rc < 0) {
		fr_cached_forget_object(ex, c);
		if (rc != FR_ERR_REFUSED)
			fr_exchange_refuse(ex, 503, "");
		return rc != FR_ERR_REFUSED;
	}
	if (c->serving.is_filling) {
		watch_body(ex, c);
		/* given up before we were among its readers */
		if (fr_body_state(c->serving.cursor.body) == FR_BODY_FAILED) {
			fr_cached_forget_object(ex, c);
			return false;
		}
	}
	fr_exchange_deliver(ex);
	if (ex->to_client.head_sent)
		fr_cached_poll(ex);
	return true;
}
