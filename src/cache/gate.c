/* Judges request and response before anything is stored, and says which fields are kept. */
#include "cache/gate.h"

#include "cache/conditional.h"
#include "cache/kind.h"
#include "http/date.h"

/* --- which fields --- */

/* Fields for the client that asked, beside Set-Cookie. */
static const char *const personal[] = {"set-cookie2", "authentication-info", "set-login"};

/* RFC 9110 §7.6.1, RFC 9111 §3.1: also where Connection did not name them. */
static bool is_hop_by_hop(uint16_t id)
{
	switch (id) {
	case FR_FIELD_CONNECTION:
	case FR_FIELD_KEEP_ALIVE:
	case FR_FIELD_PROXY_AUTHENTICATE:
	case FR_FIELD_PROXY_AUTHENTICATION_INFO:
	case FR_FIELD_PROXY_AUTHORIZATION:
	case FR_FIELD_PROXY_CONNECTION:
	case FR_FIELD_TE:
	case FR_FIELD_TRAILER:
	case FR_FIELD_TRANSFER_ENCODING:
	case FR_FIELD_UPGRADE:
		return true;
	default:
		return false;
	}
}

static bool is_for_one_client(const struct fr_field *f)
{
	if (f->id == FR_FIELD_SET_COOKIE || f->id == FR_FIELD_CLEAR_SITE_DATA)
		return true;
	for (size_t i = 0; f->id == FR_FIELD_OTHER && i < FR_ARRAY_LEN(personal); i++)
		if (fr_str_iis(f->name, personal[i]))
			return true;
	return false;
}

static bool is_named(const struct fr_cache_control *cc, struct fr_str name)
{
	return fr_cc_names(cc->private_names, cc->n_private_names, name) ||
	       fr_cc_names(cc->no_cache_names, cc->n_no_cache_names, name);
}

bool fr_gate_keeps(const struct fr_gate_verdict *v, const struct fr_field *f)
{
	return !is_hop_by_hop(f->id) && !is_for_one_client(f) && !is_named(&v->cc, f->name) &&
	       !is_named(&v->cdn, f->name);
}

/* --- the verdict --- */

static bool drops(const struct fr_gate_verdict *v, const struct fr_fields *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!fr_gate_keeps(v, &f->v[i]))
			return true;
	return false;
}

static void override_lifetime(struct fr_freshness *fresh, int64_t ttl_s)
{
	if (!ttl_s)
		return;
	fresh->initial_age_s = 0;
	fresh->lifetime_s = ttl_s;
	fresh->source = FR_LIFETIME_OPERATOR;
}

/* The client that asked must be of the audience, by what it sent and by what the origin got:
 * what was taken out on the way still identifies it. */
static enum fr_cache_store check_audience(const struct fr_gate_question *q,
                                          const struct fr_request *req,
                                          const struct fr_gate_verdict *v)
{
	static const enum fr_cache_store reasons[] = {
		[FR_IDENTITY_NONE] = FR_CACHE_STORE_YES,
		[FR_IDENTITY_FIELD] = FR_CACHE_STORE_CREDENTIAL,
		[FR_IDENTITY_COOKIE] = FR_CACHE_STORE_COOKIE,
		[FR_IDENTITY_BYPASS] = FR_CACHE_STORE_BYPASS,
	};
	enum fr_identity who = fr_identity_of(&req->fields, &q->rules.identity, &q->resp->fields);

	/* a picture may be this person's own where its origin does not say how long it is good */
	if (who == FR_IDENTITY_BYPASS && v->fresh.source == FR_LIFETIME_HEURISTIC &&
	    fr_kind_is_picture(q->resp))
		return FR_CACHE_STORE_BYPASS;
	return fr_audience_has(v->audience, who) ? FR_CACHE_STORE_YES : reasons[who];
}

static enum fr_cache_store judge(const struct fr_gate_question *q, const struct fr_request *req,
                                 const struct fr_gate_verdict *v)
{
	enum fr_cache_store why = fr_cache_may_store(req, q->resp, &v->fresh);

	return why == FR_CACHE_STORE_YES ? check_audience(q, req, v) : why;
}

void fr_gate_judge(const struct fr_gate_question *q, struct fr_gate_verdict *out)
{
	fr_cache_control_read(&q->resp->fields, &out->cc);
	fr_cdn_cache_control_read(&q->resp->fields, &out->cdn);
	fr_cache_freshness(q->resp, q->request_s, q->response_s,
	                   fr_cache_heuristic_most(q->rules.heuristics, q->client, q->resp),
	                   &out->fresh);
	override_lifetime(&out->fresh, q->rules.ttl_s);
	out->audience = fr_audience_of(q->resp);
	out->why = judge(q, q->sent, out);
	if (out->why == FR_CACHE_STORE_YES && q->client != q->sent)
		out->why = judge(q, q->client, out);
	out->drops = drops(out, &q->resp->fields);
}

bool fr_gate_holds(int status, const struct fr_fields *stored)
{
	struct fr_response resp = {.status = status, .fields = *stored};
	struct fr_request nobody = {.method = FR_METHOD_GET};
	/* its lifetime may be cache.ttl */
	struct fr_freshness fresh = {.lifetime_s = 1, .source = FR_LIFETIME_OPERATOR};
	struct fr_gate_verdict v;

	fr_cache_control_read(stored, &v.cc);
	fr_cdn_cache_control_read(stored, &v.cdn);
	return fr_cache_may_store(&nobody, &resp, &fresh) == FR_CACHE_STORE_YES &&
	       !drops(&v, stored);
}

/* --- 304 --- */

static bool is_weak(struct fr_str tag)
{
	return fr_str_starts(tag, FR_STR("W/"));
}

static bool same_date(struct fr_str a, struct fr_str b, int64_t now_s)
{
	int64_t x, y;

	if (fr_str_eq(a, b))
		return true;
	return fr_http_date_parse(a, now_s, &x) == 0 && fr_http_date_parse(b, now_s, &y) == 0 &&
	       x == y;
}

bool fr_gate_validates(const struct fr_fields *stored, const struct fr_fields *not_modified,
                       int64_t now_s)
{
	struct fr_validators old, new;

	fr_validators_of(stored, &old);
	fr_validators_of(not_modified, &new);
	if (fr_fields_count(not_modified, FR_FIELD_ETAG) > 1)
		return false;
	/* Servers that compress weaken the tag of a 200 and not that of a 304:
	 * the same tag but for that is the same response. */
	if (new.etag.p && (old.etag.p || !is_weak(new.etag)))
		return old.etag.p && fr_etag_matches(new.etag, old.etag, false);
	if (new.last_modified.p && (old.last_modified.p || !old.etag.p))
		return old.last_modified.p &&
		       same_date(new.last_modified, old.last_modified, now_s);
	return true;
}
