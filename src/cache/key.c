/* Makes the primary key of a request, with the site's rules for its query, and the
 * secondary key of Vary. */
#include "cache/key.h"

#include <string.h>

#include "http/codings.h"
#include "http/url.h"
#include "http/url_path.h"

/* --- the primary key --- */

/* Compares as servers decode: escapes, and '+' for a space. */
static bool is_name(struct fr_str written, const char *name)
{
	size_t i = 0;

	for (; i < written.len && *name; name++) {
		int octet = written.p[i] == '%'
		                    ? fr_hex_octet(written.p + i + 1, written.len - i - 1)
		                    : -1;
		char c = written.p[i] == '+' ? ' ' : written.p[i];

		if ((octet < 0 ? c : (char)octet) != *name)
			return false;
		i += octet < 0 ? 1 : 3;
	}
	return i == written.len && !*name;
}

static bool is_selected(const struct fr_query_rule *rule, struct fr_str parameter)
{
	struct fr_str name = fr_str_sub(parameter, 0, fr_str_find(parameter, '='));

	for (size_t i = 0; i < rule->n; i++)
		if (is_name(name, rule->names[i]))
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

/* Appends what of the target counts; never longer than the target. */
static void put_target(const struct fr_query_rule *rule, struct fr_str target, char *out, size_t *n)
{
	size_t query = fr_str_find(target, '?');
	size_t kept = rule->policy == FR_QUERY_KEEP ? target.len : query;

	memcpy(out + *n, target.p, kept);
	*n += kept;
	if (rule->policy == FR_QUERY_ONLY)
		select_query(rule, fr_str_sub(target, query + 1, target.len), out, n);
}

int fr_query_select(struct fr_arena *a, const struct fr_query_rule *rule, struct fr_str target,
                    struct fr_str *out)
{
	size_t n = 0;
	char *p;

	if (rule->policy == FR_QUERY_KEEP || fr_str_find(target, '?') == target.len) {
		*out = target;
		return 0;
	}
	p = fr_arena_alloc(a, target.len);
	if (!p)
		return FR_ERR_NOMEM;
	put_target(rule, target, p, &n);
	*out = fr_str_make(p, n);
	return 0;
}

int fr_cache_key(struct fr_arena *a, const struct fr_request *req, const struct fr_query_rule *rule,
                 struct fr_str *out)
{
	struct fr_str authority;
	size_t n;
	char *p;
	int rc = fr_authority_canonical(a, req->scheme, req->authority, &authority);

	if (rc < 0)
		return rc;
	p = fr_arena_alloc(a, req->scheme.len + 3 + authority.len + req->target.len);
	if (!p)
		return FR_ERR_NOMEM;
	memcpy(p, req->scheme.p, req->scheme.len);
	n = req->scheme.len;
	memcpy(p + n, "://", 3);
	n += 3;
	memcpy(p + n, authority.p, authority.len);
	n += authority.len;
	put_target(rule, req->target, p, &n);
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

/* The lists among the fields, of which browsers, proxies and clients by hand have
 * spellings that mean the same (RFC 9111 §4.1): white space around commas, and how
 * many lines there are. Of all other fields each byte counts. */
static bool is_list(uint16_t id)
{
	return id == FR_FIELD_ACCEPT || id == FR_FIELD_ACCEPT_LANGUAGE;
}

static int put_items(struct text *t, struct fr_str value, bool *any)
{
	struct fr_str item;
	int rc = 0;

	while (rc == 0 && fr_str_next_item(&value, &item)) {
		if (*any)
			rc = put(t, ",", 1);
		*any = true;
		if (rc == 0)
			rc = put(t, item.p, item.len);
	}
	return rc;
}

/* All lines of a list as one value. */
static int put_list(struct text *t, const struct fr_fields *f, enum fr_field_id id)
{
	const struct fr_field *line = NULL;
	char codings[FR_CODINGS_BYTES];
	bool any = false;
	int rc = 0;

	if (id == FR_FIELD_ACCEPT_ENCODING)
		return put(t, codings, fr_codings_format(fr_codings_accepted(f), codings));
	while (rc == 0 && (line = fr_fields_next(f, id, line)))
		rc = put_items(t, line->value, &any);
	return rc;
}

int fr_list_canonical(struct fr_arena *a, const struct fr_fields *f, enum fr_field_id id,
                      struct fr_str *out)
{
	struct text t = {.arena = a};
	int rc = put_list(&t, f, id);

	if (rc == 0)
		*out = t.n ? fr_str_make(t.p, t.n) : FR_STR("");
	return rc;
}

/* "=value\n" for each line, so that none can be taken for another. */
static int put_field(struct text *t, struct fr_str name, const struct fr_fields *req)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < req->n; i++) {
		const struct fr_field *f = &req->v[i];
		bool is_whole = (is_list(f->id) || f->id == FR_FIELD_ACCEPT_ENCODING) &&
		                !(f->flags & FR_FIELD_CANONICAL);

		if (!fr_str_ieq(f->name, name))
			continue;
		rc = put(t, "=", 1);
		if (rc == 0)
			rc = is_whole ? put_list(t, req, (enum fr_field_id)f->id)
			              : put(t, f->value.p, f->value.len);
		if (rc == 0)
			rc = put(t, "\n", 1);
		if (is_whole)
			break;
	}
	return rc == 0 ? put(t, ".\n", 2) : rc;
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
