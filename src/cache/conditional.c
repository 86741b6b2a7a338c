/* Compares validators and reads ranges, to answer a request from a stored response. */
#include "cache/conditional.h"

#include "http/date.h"

void fr_validators_of(const struct fr_fields *resp, struct fr_validators *out)
{
	out->etag = fr_fields_value(resp, FR_FIELD_ETAG);
	out->last_modified = fr_fields_value(resp, FR_FIELD_LAST_MODIFIED);
	out->date = fr_fields_value(resp, FR_FIELD_DATE);
}

/* --- preconditions --- */

static bool is_weak(struct fr_str tag)
{
	return fr_str_starts(tag, FR_STR("W/"));
}

static struct fr_str opaque(struct fr_str tag)
{
	return is_weak(tag) ? fr_str_sub(tag, 2, tag.len) : tag;
}

bool fr_etag_matches(struct fr_str a, struct fr_str b, bool strong)
{
	struct fr_str x = opaque(a), y = opaque(b);

	if (strong && (is_weak(a) || is_weak(b)))
		return false;
	return x.len >= 2 && x.p[0] == '"' && x.p[x.len - 1] == '"' && fr_str_eq(x, y);
}

static bool none_match(const struct fr_fields *req, const struct fr_validators *v)
{
	const struct fr_field *f = NULL;

	while ((f = fr_fields_next(req, FR_FIELD_IF_NONE_MATCH, f))) {
		struct fr_str rest = f->value, tag;

		while (fr_str_next_item(&rest, &tag))
			if (fr_str_is(tag, "*") ||
			    (v->etag.p && fr_etag_matches(tag, v->etag, false)))
				return false;
	}
	return true;
}

bool fr_is_not_modified(const struct fr_fields *req, const struct fr_validators *v, int64_t now_s)
{
	struct fr_str since = fr_fields_value(req, FR_FIELD_IF_MODIFIED_SINCE);
	int64_t asked, modified;

	if (fr_fields_get(req, FR_FIELD_IF_NONE_MATCH))
		return !none_match(req, v);
	if (!since.p || fr_http_date_parse(since, now_s, &asked) < 0)
		return false;
	/* without Last-Modified the time of its creation stands in (RFC 9111 §4.3.2) */
	if (fr_http_date_parse(v->last_modified.p ? v->last_modified : v->date, now_s, &modified) <
	    0)
		return false;
	return modified <= asked;
}

bool fr_has_origin_preconditions(const struct fr_fields *req)
{
	return fr_fields_get(req, FR_FIELD_IF_MATCH) ||
	       fr_fields_get(req, FR_FIELD_IF_UNMODIFIED_SINCE);
}

/* --- ranges --- */

/* May the range be served, or has the representation changed? */
static bool if_range_holds(const struct fr_fields *req, const struct fr_validators *v)
{
	struct fr_str given = fr_fields_value(req, FR_FIELD_IF_RANGE);

	if (!given.p)
		return true;
	if (given.len && (given.p[0] == '"' || is_weak(given)))
		return v->etag.p && fr_etag_matches(given, v->etag, true);
	/* the date must be the same to the byte (RFC 9110 §13.1.5) */
	return v->last_modified.p && fr_str_eq(given, v->last_modified);
}

/* One range-spec against the length: 1 satisfiable, 0 not, negative malformed. */
static int read_range(struct fr_str spec, uint64_t length, struct fr_range *out)
{
	size_t dash = fr_str_find(spec, '-');
	struct fr_str first = fr_str_trim(fr_str_sub(spec, 0, dash));
	struct fr_str last = fr_str_trim(fr_str_sub(spec, dash + 1, spec.len));
	uint64_t a, b;

	if (dash == spec.len || (first.len == 0 && last.len == 0))
		return FR_ERR_SYNTAX;
	if (first.len == 0) { /* the last b bytes */
		if (fr_str_to_u64(last, &b) < 0)
			return FR_ERR_SYNTAX;
		if (b == 0 || length == 0)
			return 0;
		*out = (struct fr_range){b < length ? length - b : 0, length - 1};
		return 1;
	}
	if (fr_str_to_u64(first, &a) < 0)
		return FR_ERR_SYNTAX;
	b = UINT64_MAX;
	if (last.len && (fr_str_to_u64(last, &b) < 0 || b < a))
		return FR_ERR_SYNTAX;
	if (a >= length)
		return 0;
	*out = (struct fr_range){a, b < length ? b : length - 1};
	return 1;
}

/* Many small or overlapping ranges cost more than the whole (RFC 9110 §14.2). */
static bool is_wasteful(const struct fr_range *r, size_t n, uint64_t length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += r[i].to - r[i].from + 1;
	return n > 1 && sum >= length;
}

enum fr_range_result fr_ranges(const struct fr_fields *req, const struct fr_validators *v,
                               uint64_t length, struct fr_range out[FR_MAX_RANGES], size_t *n)
{
	const struct fr_field *f = fr_fields_get(req, FR_FIELD_RANGE);
	struct fr_str rest, spec;
	size_t found = 0, seen = 0;

	if (!f || fr_fields_next(req, FR_FIELD_RANGE, f) ||
	    !fr_str_istarts(f->value, FR_STR("bytes=")) || !if_range_holds(req, v))
		return FR_RANGE_NONE;
	rest = fr_str_sub(f->value, 6, f->value.len);
	while (fr_str_next_item(&rest, &spec)) {
		int rc;

		if (found == FR_MAX_RANGES)
			return FR_RANGE_NONE;
		rc = read_range(spec, length, &out[found]);
		if (rc < 0)
			return FR_RANGE_NONE;
		seen++;
		found += (size_t)rc;
	}
	if (seen == 0 || is_wasteful(out, found, length))
		return FR_RANGE_NONE;
	*n = found;
	return found ? FR_RANGE_SOME : FR_RANGE_UNSATISFIABLE;
}
