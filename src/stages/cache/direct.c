/* Responses that came directly, past the store: what they say of what is in it
 * (RFC 9111 §4.3.5, §4.4), and Cache-Status. Declared in stages/cache/lookup.h. */
#include "http/url.h"
#include "stages/cache/gate_rules.h"
#include "stages/cache/lookup_priv.h"

static void invalidate(struct fr_exchange *ex, struct fr_str target, const struct fr_url *base)
{
	struct fr_request req = ex->req;
	struct fr_purge purge = {0};
	struct fr_url url;

	if (target.p) {
		/* only what is of the same origin (RFC 9111 §4.4) */
		if (fr_url_resolve(&ex->arena, base, target, &url) < 0 ||
		    !fr_url_same_origin(&url, base))
			return;
		req.target = url.target;
	}
	if (fr_cached_key(ex, &req, &purge.key) == 0)
		fr_count_add(&ex->worker->counters, FR_COUNT_CACHE_INVALIDATED,
		             fr_store_purge(ex->gen->shared->store, &purge));
}

static void invalidate_all(struct fr_exchange *ex)
{
	static const enum fr_field_id named[] = {FR_FIELD_LOCATION, FR_FIELD_CONTENT_LOCATION};
	struct fr_url base;
	struct fr_str text;

	invalidate(ex, (struct fr_str){0}, NULL);
	if (fr_arena_printf(&ex->arena, &text, "%.*s://%.*s%.*s", FR_STR_ARG(ex->req.scheme),
	                    FR_STR_ARG(ex->req.authority), FR_STR_ARG(ex->req.target)) < 0 ||
	    fr_url_parse(&ex->arena, text, &base) < 0)
		return;
	for (size_t i = 0; i < FR_ARRAY_LEN(named); i++) {
		struct fr_str target = fr_fields_value(&ex->resp.fields, named[i]);

		if (target.p)
			invalidate(ex, target, &base);
	}
}

static bool differs(const struct fr_field *stored, const struct fr_fields *now)
{
	const struct fr_field *f = fr_fields_get(now, (enum fr_field_id)stored->id);

	return f && !fr_str_eq(f->value, stored->value);
}

/* Does the HEAD speak of another body than the stored one? */
static bool shows_another(const struct fr_exchange *ex, const struct fr_object *o)
{
	bool other = ex->resp.content_length >= 0 && fr_object_length(o) >= 0 &&
	             ex->resp.content_length != fr_object_length(o);

	for (size_t i = 0; i < o->n_fields; i++)
		if (o->fields[i].id == FR_FIELD_ETAG || o->fields[i].id == FR_FIELD_LAST_MODIFIED)
			other |= differs(&o->fields[i], &ex->resp.fields);
	return other;
}

static enum fr_cache_store judge(struct fr_exchange *ex, const struct fr_response *resp)
{
	struct fr_gate_verdict v;
	struct fr_request as_get = ex->req;
	int64_t now = fr_loop_wall_s();

	as_get.method = FR_METHOD_GET;
	fr_gate_judge(&(struct fr_gate_question){.client = &as_get,
	                                         .sent = &as_get,
	                                         .resp = resp,
	                                         .request_s = now,
	                                         .response_s = now,
	                                         .rules = fr_cached_gate_rules(ex->cache.rules)},
	              &v);
	return v.why;
}

/* May what is stored stay there, as the HEAD updates it? */
static enum fr_cache_store judge_head(struct fr_exchange *ex, const struct fr_object *o)
{
	struct fr_response merged;

	if (fr_object_merge(o, &ex->resp, &ex->arena, &merged) < 0)
		return FR_CACHE_STORE_MEMORY;
	return judge(ex, &merged);
}

/* It came past the store, as others do at the same time: would it have been stored? */
static void note_reason(struct fr_exchange *ex)
{
	if (fr_cached_of(ex) && ex->cache.not_stored == FR_CACHE_STORE_YES &&
	    ex->req.method == FR_METHOD_GET && !fr_fields_get(&ex->req.fields, FR_FIELD_RANGE))
		ex->cache.not_stored = judge(ex, &ex->resp);
}

/* A HEAD shows that what is stored is no longer what a GET would bring: it is
 * validated before it is served again (RFC 9111 §4.3.5), or goes out where the
 * origin no longer lets it be stored. One that asks for what is one person's
 * says nothing of what others get. */
static void compare_head(struct fr_exchange *ex)
{
	struct fr_object *o;
	struct fr_str key;
	enum fr_cache_store why;
	bool others;

	if (fr_cached_key(ex, &ex->req, &key) < 0)
		return;
	o = fr_store_find(ex->gen->shared->store, key, &ex->req.fields, &ex->arena, &others);
	if (!o)
		return;
	why = judge_head(ex, o);
	if (why != FR_CACHE_STORE_YES && !fr_cache_store_is_of_request(why)) {
		fr_count(&ex->worker->counters, FR_COUNT_CACHE_TAKEN_BACK);
		fr_store_remove(ex->gen->shared->store, key, o);
	} else if (why == FR_CACHE_STORE_YES && shows_another(ex, o)) {
		atomic_store_explicit(&o->is_stale, true, memory_order_relaxed);
	}
	fr_object_unref(&o);
}

void fr_cached_direct(struct fr_exchange *ex)
{
	struct fr_str text, why;

	if (!ex->cache.rules->enabled)
		return;
	if (!fr_method_is_safe(ex->req.method) && ex->resp.status >= 200 && ex->resp.status < 400)
		invalidate_all(ex);
	if (ex->req.method == FR_METHOD_HEAD && ex->resp.status == 200)
		compare_head(ex);
	note_reason(ex);
	why = fr_cached_detail(ex);
	if (ex->cache.fwd &&
	    fr_arena_printf(&ex->arena, &text, FR_CACHE_NAME "; fwd=%s; fwd-status=%d%.*s",
	                    ex->cache.fwd, ex->resp.status, FR_STR_ARG(why)) == 0)
		(void)!fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}
