#include "cache/key.h"

#include <string.h>

#include "http/url.h"

/* --- the primary key --- */

static bool is_selected(const struct fr_query_rule *rule, struct fr_str parameter)
{
	struct fr_str name = fr_str_sub(parameter, 0, fr_str_find(parameter, '='));

	for (size_t i = 0; i < rule->n; i++)
		if (fr_str_is(name, rule->names[i]))
			return true;
	return false;
}

/* Appends the chosen part of the query to out[*n]; never longer than the query. */
static void select_query(const struct fr_query_rule *rule, struct fr_str query, char *out,
                         size_t *n)
{
	char joint = '?';

	while (query.len) {
		size_t end = fr_str_find(query, '&');
		struct fr_str parameter = fr_str_sub(query, 0, end);

		if (is_selected(rule, parameter)) {
			out[(*n)++] = joint;
			memcpy(out + *n, parameter.p, parameter.len);
			*n += parameter.len;
			joint = '&';
		}
		query = fr_str_sub(query, end + 1, query.len);
	}
}

int fr_cache_key(struct fr_arena *a, const struct fr_request *req, const struct fr_query_rule *rule,
                 struct fr_str *out)
{
	struct fr_str host, target = req->target;
	size_t query = fr_str_find(target, '?'), n = 0;
	uint16_t port;
	char *p;

	if (fr_authority_parse(req->authority, &host, &port) < 0)
		return FR_ERR_SYNTAX;
	p = fr_arena_alloc(a, req->scheme.len + host.len + target.len + 8 + FR_I64_DIGITS);
	if (!p)
		return FR_ERR_NOMEM;
	memcpy(p, req->scheme.p, req->scheme.len);
	n = req->scheme.len;
	memcpy(p + n, "://", 3);
	n += 3;
	for (size_t i = 0; i < host.len; i++)
		p[n++] = fr_ascii_lower(host.p[i]);
	if (port && port != fr_scheme_default_port(req->scheme)) {
		p[n++] = ':';
		n += fr_i64_format(p + n, port);
	}
	memcpy(p + n, target.p, rule->policy == FR_QUERY_KEEP ? target.len : query);
	n += rule->policy == FR_QUERY_KEEP ? target.len : query;
	if (rule->policy == FR_QUERY_ONLY)
		select_query(rule, fr_str_sub(target, query + 1, target.len), p, &n);
	*out = fr_str_make(p, n);
	return 0;
}

/* --- the secondary key --- */

int fr_fields_join(struct fr_arena *a, const struct fr_fields *f, enum fr_field_id id,
                   struct fr_str *out)
{
	const struct fr_field *field = fr_fields_get(f, id);
	size_t len = 0, n = 0;
	char *p;

	if (!field || !fr_fields_next(f, id, field)) {
		*out = field ? field->value : FR_STR("");
		return 0;
	}
	for (; field; field = fr_fields_next(f, id, field))
		len += field->value.len + 2;
	p = fr_arena_alloc(a, len);
	if (!p)
		return FR_ERR_NOMEM;
	for (field = fr_fields_get(f, id); field; field = fr_fields_next(f, id, field)) {
		if (n) {
			memcpy(p + n, ", ", 2);
			n += 2;
		}
		memcpy(p + n, field->value.p, field->value.len);
		n += field->value.len;
	}
	*out = fr_str_make(p, n);
	return 0;
}

/* Codings that servers use; the rest of an Accept-Encoding selects nothing. */
static const char *const codings[] = {"br", "gzip", "zstd", "deflate", "compress", "dcb", "dcz"};

static bool has_weight_zero(struct fr_str parameters)
{
	size_t q = fr_str_find(parameters, '=');
	struct fr_str v = fr_str_trim(fr_str_sub(parameters, q + 1, parameters.len));

	if (v.len == 0 || v.p[0] != '0')
		return false;
	for (size_t i = 1; i < v.len; i++)
		if (v.p[i] != '.' && v.p[i] != '0')
			return false;
	return true;
}

/* A bit for each coding that is accepted. */
static unsigned accepted(struct fr_str value)
{
	struct fr_str item;
	unsigned yes = 0, no = 0;
	bool any = false;

	while (fr_str_next_item(&value, &item)) {
		size_t semi = fr_str_find(item, ';');
		struct fr_str name = fr_str_trim(fr_str_sub(item, 0, semi));
		bool zero = has_weight_zero(fr_str_sub(item, semi + 1, item.len));

		any |= fr_str_is(name, "*") && !zero;
		if (fr_str_iis(name, "x-gzip"))
			name = FR_STR("gzip");
		for (unsigned i = 0; i < FR_COUNT(codings); i++)
			if (fr_str_iis(name, codings[i])) {
				yes |= zero ? 0 : FR_BIT(i);
				no |= zero ? FR_BIT(i) : 0;
			}
	}
	return any ? ~no & (FR_BIT(FR_COUNT(codings)) - 1) : yes;
}

struct text { /* grows in the arena */
	struct fr_arena *arena;
	char *p;
	size_t n, cap;
};

static int put(struct text *t, const char *p, size_t len)
{
	if (t->cap - t->n < len) {
		size_t cap = t->cap * 2 > t->n + len ? t->cap * 2 : t->n + len + 64;
		char *grown = fr_arena_alloc(t->arena, cap);

		if (!grown)
			return FR_ERR_NOMEM;
		if (t->n)
			memcpy(grown, t->p, t->n);
		t->p = grown;
		t->cap = cap;
	}
	if (len)
		memcpy(t->p + t->n, p, len);
	t->n += len;
	return 0;
}

static int put_encodings(struct text *t, struct fr_str value)
{
	unsigned set = accepted(value);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < FR_COUNT(codings); i++)
		if (set & FR_BIT(i)) {
			rc = put(t, codings[i], strlen(codings[i]));
			if (rc == 0)
				rc = put(t, ",", 1);
		}
	return rc;
}

/* White space around commas means nothing, nor does how many lines a list had
 * (RFC 9111 §4.1). */
static int put_value(struct text *t, struct fr_str value)
{
	struct fr_str item;
	int rc = 0;

	while (rc == 0 && fr_str_next_item(&value, &item)) {
		rc = put(t, item.p, item.len);
		if (rc == 0)
			rc = put(t, ",", 1);
	}
	return rc;
}

static int put_field(struct text *t, struct fr_str name, const struct fr_fields *req)
{
	bool is_encoding = fr_str_iis(name, "accept-encoding"), found = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < req->n; i++) {
		if (!fr_str_ieq(req->v[i].name, name))
			continue;
		if (!found)
			rc = put(t, "=", 1); /* there, be it empty */
		found = true;
		if (rc == 0)
			rc = is_encoding ? put_encodings(t, req->v[i].value)
			                 : put_value(t, req->v[i].value);
	}
	return rc == 0 ? put(t, "\n", 1) : rc;
}

int fr_vary_values(struct fr_arena *a, struct fr_str vary, const struct fr_fields *req,
                   struct fr_str *out)
{
	struct text t = {.arena = a};
	struct fr_str name;
	int rc = 0;

	while (rc == 0 && fr_str_next_item(&vary, &name))
		rc = put_field(&t, name, req);
	if (rc == 0)
		*out = fr_str_make(t.p, t.n);
	return rc;
}
