/* Freshness, age, and the rules of RFC 9111 on what a shared cache may store and serve. */
#include "cache/policy.h"

#include "base/enum.h"
#include "cache/kind.h"
#include "http/date.h"
#include "http/trust.h"

FR_ENUM_STR(fr_cache_store_str, fr_cache_store, FR_CACHE_STORE_TABLE)

/* Statuses that are cacheable by default (RFC 9110 §15.1). */
static bool is_cacheable_by_default(int status)
{
	switch (status) {
	case 200:
	case 203:
	case 204:
	case 300:
	case 301:
	case 308:
	case 404:
	case 405:
	case 410:
	case 414:
	case 501:
		return true;
	default:
		return false;
	}
}

/* Statuses whose caching this cache understands (must-understand, RFC 9111
 * §5.2.2.3); 206 and 304 are no responses to store. */
static bool is_understood(int status)
{
	return is_cacheable_by_default(status) || status == 302 || status == 303 || status == 307 ||
	       (status >= 400 && status <= 417) || status == 421 || status == 451 ||
	       (status >= 500 && status <= 505);
}

/* Answers to how something was asked: to this request's fields, length, rate
 * or connection. Whoever makes the origin give one must not give it to others
 * (RFC 6585 for 428, 429, 431 and 511). */
static bool is_of_request(int status)
{
	switch (status) {
	case 400:
	case 407:
	case 408:
	case 411:
	case 412:
	case 413:
	case 415:
	case 416:
	case 417:
	case 421:
	case 425:
	case 426:
	case 428:
	case 429:
	case 431:
	case 511:
		return true;
	default:
		return false;
	}
}

bool fr_cache_store_is_of_client(enum fr_cache_store s)
{
	return s == FR_CACHE_STORE_AUTHORIZATION || s == FR_CACHE_STORE_COOKIE ||
	       s == FR_CACHE_STORE_CREDENTIAL || s == FR_CACHE_STORE_BYPASS;
}

bool fr_cache_store_is_of_request(enum fr_cache_store s)
{
	return s == FR_CACHE_STORE_METHOD || s == FR_CACHE_STORE_REQUEST_NO_STORE ||
	       s == FR_CACHE_STORE_OF_REQUEST || fr_cache_store_is_of_client(s);
}

/* The directives that count: CDN-Cache-Control replaces Cache-Control, and
 * Expires with it (RFC 9213 §2.2). True: it is there. */
static bool read_directives(const struct fr_response *resp, struct fr_cache_control *out)
{
	fr_cdn_cache_control_read(&resp->fields, out);
	if (out->flags & FR_CC_PRESENT)
		return true;
	fr_cache_control_read(&resp->fields, out);
	return false;
}

/* --- freshness --- */

/* A date of a field that must occur once; negative if absent or malformed. */
static int64_t date_of(const struct fr_fields *f, enum fr_field_id id, int64_t now_s)
{
	struct fr_str text = fr_fields_value(f, id);
	int64_t t;

	if (!text.p || fr_http_date_parse(text, now_s, &t) < 0)
		return -1;
	return t;
}

static int64_t age_value(const struct fr_fields *f)
{
	struct fr_str text = fr_fields_value(f, FR_FIELD_AGE), first;
	int64_t age;

	/* the first member of a list counts (RFC 9111 §5.1) */
	if (!fr_str_next_item(&text, &first))
		return 0;
	age = fr_delta_seconds(first);
	return age < 0 ? 0 : age;
}

static int64_t expires_lifetime(const struct fr_response *resp, int64_t date_s, int64_t response_s)
{
	int64_t expires = date_of(&resp->fields, FR_FIELD_EXPIRES, response_s);

	/* an invalid date, and several, mean the past (§5.3) */
	if (expires < 0 || fr_fields_count(&resp->fields, FR_FIELD_EXPIRES) > 1)
		return 0;
	return expires > date_s ? expires - date_s : 0;
}

int64_t fr_cache_heuristic_most(enum fr_heuristics which, const struct fr_request *req,
                                const struct fr_response *resp)
{
	switch (which) {
	case FR_HEURISTICS_ASSETS:
		return fr_kind_is_guessable(req, resp) ? FR_CACHE_HEURISTIC_ASSET_S : 0;
	case FR_HEURISTICS_ALL:
		if (fr_kind_is_worker(req))
			return 0;
		return resp->status < 300 ? FR_CACHE_HEURISTIC_MAX_S : FR_CACHE_HEURISTIC_ERROR_S;
	case FR_HEURISTICS_OFF:
		break;
	}
	return 0;
}

static int64_t heuristic_lifetime(const struct fr_response *resp, const struct fr_cache_control *cc,
                                  int64_t date_s, int64_t most_s)
{
	int64_t modified, lifetime;

	if (most_s == 0 || !(is_cacheable_by_default(resp->status) || (cc->flags & FR_CC_PUBLIC)))
		return 0;
	modified = date_of(&resp->fields, FR_FIELD_LAST_MODIFIED, date_s);
	if (modified < 0 || modified >= date_s)
		return 0;
	/* RFC 9111 §5.4: no meaning in a response, but a wish that is easy to read */
	if (fr_fields_has_token(&resp->fields, FR_FIELD_PRAGMA, "no-cache"))
		return 0;
	lifetime = (date_s - modified) / 10;
	return lifetime < most_s ? lifetime : most_s;
}

static bool has_explicit(const struct fr_response *resp, const struct fr_cache_control *cc,
                         bool targeted)
{
	return cc->s_maxage != FR_CC_ABSENT || cc->max_age != FR_CC_ABSENT ||
	       (!targeted && fr_fields_get(&resp->fields, FR_FIELD_EXPIRES));
}

/* Lifetime and where it comes from (RFC 9111 §4.2.1, §4.2.2). */
static void take_lifetime(const struct fr_response *resp, const struct fr_cache_control *cc,
                          bool targeted, int64_t date_s, int64_t heuristic_most_s,
                          struct fr_freshness *out)
{
	out->source = FR_LIFETIME_EXPLICIT;
	if (cc->s_maxage != FR_CC_ABSENT) {
		out->lifetime_s = cc->s_maxage;
	} else if (cc->max_age != FR_CC_ABSENT) {
		out->lifetime_s = cc->max_age;
	} else if (has_explicit(resp, cc, targeted)) {
		out->lifetime_s = expires_lifetime(resp, date_s, out->response_s);
	} else {
		out->lifetime_s = heuristic_lifetime(resp, cc, date_s, heuristic_most_s);
		out->source = out->lifetime_s ? FR_LIFETIME_HEURISTIC : FR_LIFETIME_NONE;
	}
}

void fr_cache_freshness(const struct fr_response *resp, int64_t request_s, int64_t response_s,
                        int64_t heuristic_most_s, struct fr_freshness *out)
{
	struct fr_cache_control cc;
	bool targeted = read_directives(resp, &cc);
	int64_t date = date_of(&resp->fields, FR_FIELD_DATE, response_s);
	int64_t apparent, corrected;

	if (date < 0)
		date = response_s;
	apparent = response_s > date ? response_s - date : 0;
	corrected =
		age_value(&resp->fields) + (response_s > request_s ? response_s - request_s : 0);
	*out = (struct fr_freshness){
		.response_s = response_s,
		.initial_age_s = apparent > corrected ? apparent : corrected,
		.stale_while_revalidate_s = cc.stale_while_revalidate,
		.stale_if_error_s = cc.stale_if_error,
		.no_cache = cc.flags & FR_CC_NO_CACHE,
		.never_stale = (cc.flags & (FR_CC_MUST_REVALIDATE | FR_CC_PROXY_REVALIDATE |
	                                    FR_CC_NO_CACHE)) ||
	                       cc.s_maxage != FR_CC_ABSENT,
	};
	take_lifetime(resp, &cc, targeted, date, heuristic_most_s, out);
}

int64_t fr_cache_age(const struct fr_freshness *f, int64_t now_s)
{
	return f->initial_age_s + (now_s > f->response_s ? now_s - f->response_s : 0);
}

int64_t fr_cache_ttl(const struct fr_freshness *f, int64_t now_s)
{
	return f->lifetime_s - fr_cache_age(f, now_s);
}

/* --- storing --- */

static bool has_validator(const struct fr_fields *f)
{
	return fr_fields_get(f, FR_FIELD_ETAG) || fr_fields_get(f, FR_FIELD_LAST_MODIFIED);
}

/* What forbids storing in general, for every client. */
static enum fr_cache_store response_forbids(const struct fr_response *resp,
                                            const struct fr_cache_control *cc)
{
	bool understood = (cc->flags & FR_CC_MUST_UNDERSTAND) && is_understood(resp->status);

	if ((cc->flags & FR_CC_MUST_UNDERSTAND) && !understood)
		return FR_CACHE_STORE_STATUS;
	/* must-understand replaces no-store for caches that understand (§5.2.2.3) */
	if ((cc->flags & FR_CC_NO_STORE) && !understood)
		return FR_CACHE_STORE_NO_STORE;
	if (cc->flags & FR_CC_PRIVATE)
		return FR_CACHE_STORE_PRIVATE;
	if (fr_vary_is_any(&resp->fields))
		return FR_CACHE_STORE_VARY_ANY;
	return FR_CACHE_STORE_YES;
}

/* A field that is for the client that asked, and for no other. */
static bool is_personal(const struct fr_response *resp)
{
	return fr_fields_get(&resp->fields, FR_FIELD_SET_COOKIE) ||
	       fr_fields_find(&resp->fields, FR_STR("set-cookie2")) ||
	       fr_fields_get(&resp->fields, FR_FIELD_CLEAR_SITE_DATA);
}

static bool says_for_all(const struct fr_cache_control *cc)
{
	return (cc->flags & FR_CC_PUBLIC) || cc->s_maxage != FR_CC_ABSENT;
}

bool fr_cache_is_for_all(const struct fr_response *resp)
{
	struct fr_cache_control cc;
	bool targeted = read_directives(resp, &cc);

	/* a lifetime for caches like this one alone says it, too */
	return says_for_all(&cc) || (targeted && cc.max_age != FR_CC_ABSENT);
}

bool fr_cache_varies_by(const struct fr_fields *resp, struct fr_str name)
{
	const struct fr_field *f = NULL;

	while ((f = fr_fields_next(resp, FR_FIELD_VARY, f))) {
		struct fr_str rest = f->value, item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_ieq(item, name))
				return true;
	}
	return false;
}

/* What might be one person's own is stored only where the origin says that it
 * is for all: a lifetime alone was meant for that person's browser. */
static enum fr_cache_store personal_forbids(const struct fr_request *req,
                                            const struct fr_response *resp,
                                            const struct fr_cache_control *cc)
{
	bool for_all = says_for_all(cc);

	if (fr_fields_get(&req->fields, FR_FIELD_AUTHORIZATION) && !for_all &&
	    !(cc->flags & FR_CC_MUST_REVALIDATE))
		return FR_CACHE_STORE_AUTHORIZATION;
	if (!for_all && is_personal(resp))
		return FR_CACHE_STORE_SET_COOKIE;
	return FR_CACHE_STORE_YES;
}

enum fr_cache_store fr_cache_may_store(const struct fr_request *req, const struct fr_response *resp,
                                       const struct fr_freshness *fresh)
{
	struct fr_cache_control cc, asked;
	bool targeted = read_directives(resp, &cc);
	enum fr_cache_store s;

	if (req->method != FR_METHOD_GET)
		return FR_CACHE_STORE_METHOD;
	if (resp->status < 200 || resp->status == 206 || resp->status == 304)
		return FR_CACHE_STORE_STATUS;
	fr_cache_control_read(&req->fields, &asked);
	if (asked.flags & FR_CC_NO_STORE)
		return FR_CACHE_STORE_REQUEST_NO_STORE;
	s = response_forbids(resp, &cc);
	if (s == FR_CACHE_STORE_YES)
		s = personal_forbids(req, resp, &cc);
	if (s == FR_CACHE_STORE_YES && is_of_request(resp->status))
		s = FR_CACHE_STORE_OF_REQUEST;
	if (s != FR_CACHE_STORE_YES)
		return s;
	if (!has_explicit(resp, &cc, targeted) && !(cc.flags & FR_CC_PUBLIC) &&
	    !is_cacheable_by_default(resp->status))
		return FR_CACHE_STORE_STATUS;
	/* no-cache says how it may be used again, without a lifetime */
	if (fresh->source == FR_LIFETIME_NONE && !fresh->no_cache)
		return FR_CACHE_STORE_NO_FRESHNESS;
	if (fr_cache_ttl(fresh, fresh->response_s) <= 0 && !has_validator(&resp->fields) &&
	    fresh->stale_while_revalidate_s <= 0 && fresh->stale_if_error_s <= 0)
		return FR_CACHE_STORE_NOT_REUSABLE;
	return FR_CACHE_STORE_YES;
}

/* --- serving --- */

enum fr_cache_use fr_cache_judge(const struct fr_freshness *f, const struct fr_cache_control *cc,
                                 bool pragma_no_cache, int64_t now_s)
{
	int64_t age = fr_cache_age(f, now_s), ttl = f->lifetime_s - age;

	if (f->no_cache)
		return FR_CACHE_VALIDATE;
	if ((cc->flags & FR_CC_NO_CACHE) || (pragma_no_cache && !(cc->flags & FR_CC_PRESENT)))
		return FR_CACHE_VALIDATE_REQUEST;
	/* max-age=0 is how clients reload: also within the second it was stored in */
	if (cc->max_age != FR_CC_ABSENT && (age > cc->max_age || cc->max_age == 0) &&
	    cc->max_stale == FR_CC_ABSENT)
		return FR_CACHE_VALIDATE_REQUEST;
	if (cc->min_fresh != FR_CC_ABSENT && ttl < cc->min_fresh)
		return FR_CACHE_VALIDATE_REQUEST;
	if (ttl > 0)
		return FR_CACHE_SERVE;
	if (f->never_stale)
		return FR_CACHE_VALIDATE;
	if (cc->max_stale != FR_CC_ABSENT && -ttl <= cc->max_stale)
		return FR_CACHE_SERVE;
	if (f->stale_while_revalidate_s != FR_CC_ABSENT && -ttl <= f->stale_while_revalidate_s)
		return FR_CACHE_SERVE_REVALIDATE;
	return FR_CACHE_VALIDATE;
}

bool fr_cache_may_serve_on_error(const struct fr_freshness *f, const struct fr_cache_control *cc,
                                 bool is_answer, int64_t now_s)
{
	int64_t staleness = -fr_cache_ttl(f, now_s);
	int64_t allowed = f->stale_if_error_s;

	if (cc->stale_if_error > allowed)
		allowed = cc->stale_if_error;
	/* stale-if-error speaks of stale responses; no-cache and must-revalidate
	 * forbid any use without validation */
	if (f->never_stale || f->no_cache)
		return false;
	if (allowed != FR_CC_ABSENT)
		return staleness <= allowed;
	if (f->source == FR_LIFETIME_HEURISTIC && staleness > FR_CACHE_HEURISTIC_STALE_S)
		return false;
	/* disconnected (§4.2.4), and nobody said how long is too long */
	return !is_answer;
}
