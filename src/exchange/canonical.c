/* Gives a request its one form, and makes the request to the origin from it. */
#include "exchange/canonical.h"

#include <stdio.h>

#include "http/codings.h"
#include "http/trust.h"

/* How Via (RFC 9110 §7.6.3) and CDN-Loop (RFC 8586 §2) name us. */
#define OWN_NAME "forerun"

/* --- what keys and Vary look at --- */

/* Lists that responses are negotiated by: how they are written means nothing. */
static const enum fr_field_id lists[] = {FR_FIELD_ACCEPT, FR_FIELD_ACCEPT_ENCODING,
                                         FR_FIELD_ACCEPT_LANGUAGE};

/* Known names that have an id; the others by their name. */
static bool passes(const struct fr_field *f, struct fr_request *req)
{
	enum fr_trust trust;

	switch (f->id) {
	case FR_FIELD_ACCEPT:
	case FR_FIELD_ACCEPT_ENCODING:
	case FR_FIELD_ACCEPT_LANGUAGE:
		return f->flags & FR_FIELD_CANONICAL; /* further lines are in the first */
	case FR_FIELD_CONTENT_LENGTH:                 /* the message says it */
	case FR_FIELD_FORWARDED:
	case FR_FIELD_X_FORWARDED_FOR:
	case FR_FIELD_X_FORWARDED_HOST:
	case FR_FIELD_X_FORWARDED_PROTO:
		return false;
	case FR_FIELD_OTHER:
		break;
	default:
		return true;
	}
	if (!fr_trust_name_is_plain(f->name))
		return false;
	trust = fr_trust_of(f->name);
	req->has_override |= trust == FR_TRUST_OVERRIDE;
	return trust == FR_TRUST_PASS || trust == FR_TRUST_OVERRIDE;
}

/* No white space, and something before, between and behind commas. */
static bool is_tight(struct fr_str value)
{
	char before = ',';

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == ' ' || c == '\t' || (c == ',' && before == ','))
			return false;
		before = c;
	}
	return before != ',';
}

/* One line that has its form already needs no copy. */
static bool is_in_form(const struct fr_fields *f, const struct fr_field *first)
{
	bool is_done = first->id == FR_FIELD_ACCEPT_ENCODING
	                       ? fr_codings_usual(first->value) < FR_CODINGS_USUAL
	                       : is_tight(first->value);

	return is_done && !fr_fields_next(f, (enum fr_field_id)first->id, first);
}

/* Gives the list its form, in its first line. */
static int settle_list(struct fr_arena *a, struct fr_fields *f, enum fr_field_id id)
{
	struct fr_field *first = fr_fields_get_mut(f, id);
	struct fr_str value;
	int rc;

	if (!first)
		return 0;
	if (!is_in_form(f, first)) {
		rc = fr_list_canonical(a, f, id, &value);
		if (rc < 0)
			return rc;
		first->value = value;
	}
	first->flags |= FR_FIELD_CANONICAL;
	return 0;
}

/* Without the field it is as if it said identity. */
static void weigh_codings(const struct fr_fields *f, struct fr_canonical *out)
{
	const struct fr_field *first = fr_fields_get(f, FR_FIELD_ACCEPT_ENCODING);

	out->accept_encoding = first ? first->value : (struct fr_str){0};
	out->usual_codings = FR_CODINGS_USUAL;
	if (!first)
		out->usual_codings = fr_codings_usual(FR_STR("identity"));
	else if (!fr_fields_next(f, FR_FIELD_ACCEPT_ENCODING, first))
		out->usual_codings = fr_codings_usual(first->value);
	if (out->usual_codings == FR_CODINGS_USUAL)
		fr_codings_weigh(f, &out->weights);
}

int fr_canonical_make(struct fr_arena *a, struct fr_request *req, struct fr_canonical *out)
{
	struct fr_fields *f = &req->fields;
	size_t kept = 0;
	int rc = fr_url_path_read(a, req->target, &out->path);

	out->upgrade = fr_fields_value(f, FR_FIELD_UPGRADE);
	weigh_codings(f, out);
	if (rc == 0)
		rc = fr_fields_remove_hop_by_hop(f);
	for (size_t i = 0; rc == 0 && i < FR_ARRAY_LEN(lists); i++)
		rc = settle_list(a, f, lists[i]);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < f->n; i++) {
		if (!passes(&f->v[i], req))
			continue;
		if (kept != i)
			f->v[kept] = f->v[i];
		kept++;
	}
	f->n = kept;
	return 0;
}

/* --- what only the origin is told --- */

static bool is_address(struct fr_str node)
{
	return fr_str_find(node, ':') < node.len || fr_str_find(node, '.') < node.len;
}

/* for=NODE, with more behind it. RFC 7239 §6: addresses with colons are quoted and bracketed,
 * words begin with an underscore. */
static int write_node(struct fr_arena *a, struct fr_str node, struct fr_str more,
                      struct fr_str *out)
{
	bool is6 = fr_str_find(node, ':') < node.len;
	const struct fr_str parts[] = {FR_STR("for="),
	                               is6                ? FR_STR("\"[")
	                               : is_address(node) ? FR_STR("")
	                                                  : FR_STR("_"),
	                               node, is6 ? FR_STR("]\"") : FR_STR(""), more};

	return fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), out);
}

/* What the two ways of writing a chain have in common: the client first, the peer last. */
struct chain_text {
	struct fr_str client;    /* its address */
	struct fr_str addresses; /* X-Forwarded-For */
	struct fr_str nodes;     /* Forwarded */
};

static int join(struct fr_arena *a, struct fr_str *list, struct fr_str item)
{
	const struct fr_str parts[] = {*list, FR_STR(", "), item};

	return fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), list);
}

/* about: what is said of the client's own request. */
static int write_chain(struct fr_arena *a, const struct fr_canonical_hop *hop, struct fr_str about,
                       struct chain_text *out)
{
	char text[FR_IP_TEXT_BYTES];
	struct fr_str address = hop->peer, node = FR_STR("");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i <= hop->n_chain; i++) {
		address = hop->peer;
		if (i < hop->n_chain) {
			fr_ip_print(&hop->chain[i], text);
			rc = fr_arena_copy(a, fr_str_from(text), &address);
		}
		if (rc == 0)
			rc = write_node(a, address, i == 0 ? about : FR_STR(""), &node);
		if (rc < 0 || i == 0) {
			*out = (struct chain_text){address, address, node};
			continue;
		}
		rc = join(a, &out->nodes, node);
		if (rc == 0 && is_address(address))
			rc = join(a, &out->addresses, address);
	}
	return rc;
}

static int add_forwarded(struct fr_arena *a, const struct fr_request *req,
                         const struct fr_canonical_hop *hop, struct fr_fields *f)
{
	const struct fr_str parts[] = {FR_STR(";host=\""), req->authority, FR_STR("\";proto="),
	                               req->scheme};
	struct chain_text chain;
	struct fr_str about;
	int rc = fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), &about);

	if (rc >= 0)
		rc = write_chain(a, hop, about, &chain);
	if (rc < 0)
		return rc;
	if ((is_address(chain.client) &&
	     (fr_fields_add_id(f, FR_FIELD_X_FORWARDED_FOR, chain.addresses) < 0 ||
	      fr_fields_add(f, FR_STR("x-real-ip"), chain.client) < 0)) ||
	    fr_fields_add_id(f, FR_FIELD_X_FORWARDED_PROTO, req->scheme) < 0 ||
	    (req->authority.len &&
	     (fr_fields_add_id(f, FR_FIELD_X_FORWARDED_HOST, req->authority) < 0 ||
	      fr_fields_add_id(f, FR_FIELD_FORWARDED, chain.nodes) < 0)))
		return FR_ERR_NOMEM;
	return 0;
}

/* The pseudonym in a member of Via, the identifier in one of CDN-Loop. */
static bool names_us(enum fr_field_id id, struct fr_str member)
{
	if (id == FR_FIELD_VIA)
		return fr_str_ends(member, FR_STR(" " OWN_NAME));
	return fr_str_is(fr_str_trim(fr_str_sub(member, 0, fr_str_find(member, ';'))), OWN_NAME);
}

/* How often the request came through an edge like this one. */
static unsigned own_hops(const struct fr_fields *f, enum fr_field_id id)
{
	const struct fr_field *field = NULL;
	unsigned n = 0;

	while ((field = fr_fields_next(f, id, field))) {
		struct fr_str rest = field->value, member;

		while (fr_str_next_item(&rest, &member))
			n += names_us(id, member);
	}
	return n;
}

struct fr_str fr_canonical_loop_write(char buffer[FR_CANONICAL_LOOP_BYTES], uint32_t id)
{
	int n = snprintf(buffer, FR_CANONICAL_LOOP_BYTES, OWN_NAME ";id=%08x", id);

	return fr_str_make(buffer, (size_t)n);
}

bool fr_canonical_came_back(const struct fr_fields *f, struct fr_str own)
{
	const struct fr_field *field = NULL;

	while ((field = fr_fields_next(f, FR_FIELD_CDN_LOOP, field))) {
		struct fr_str rest = field->value, member;

		while (fr_str_next_item(&rest, &member))
			if (fr_str_eq(member, own))
				return true;
	}
	return false;
}

static struct fr_str via_for(enum fr_version v)
{
	switch (v) {
	case FR_HTTP_1_0:
		return FR_STR("1.0 " OWN_NAME);
	case FR_HTTP_1_1:
		return FR_STR("1.1 " OWN_NAME);
	case FR_HTTP_2:
		break;
	}
	return FR_STR("2.0 " OWN_NAME);
}

/* RFC 9110 §7.6.2: how many more may forward a TRACE or OPTIONS. A value that
 * is no number is passed on as any field that we do not know. */
static int count_forwards(struct fr_arena *a, struct fr_request *to)
{
	struct fr_str left = fr_fields_value(&to->fields, FR_FIELD_MAX_FORWARDS);
	uint64_t n;
	int rc;

	if ((to->method != FR_METHOD_TRACE && to->method != FR_METHOD_OPTIONS) ||
	    fr_str_to_u64(left, &n) < 0)
		return 0;
	if (n == 0)
		return FR_ERR_REFUSED;
	(void)fr_fields_remove(&to->fields, FR_FIELD_MAX_FORWARDS);
	rc = fr_arena_printf(a, &left, "%llu", (unsigned long long)n - 1);
	return rc < 0 ? rc : fr_fields_add_id(&to->fields, FR_FIELD_MAX_FORWARDS, left);
}

/* Copies the list (not the bytes), so that the canonical request stays whole. */
static int copy_fields(struct fr_fields *to, const struct fr_fields *from, bool via)
{
	/* and what is added */
	int rc = fr_fields_reserve(to, from->n + 8);

	for (size_t i = 0; rc == 0 && i < from->n; i++)
		if (via || from->v[i].id != FR_FIELD_VIA)
			rc = fr_fields_add(to, from->v[i].name, from->v[i].value);
	return rc;
}

int fr_canonical_forward(struct fr_arena *a, const struct fr_request *req,
                         const struct fr_canonical_hop *hop, struct fr_request *out)
{
	struct fr_request to = *req;
	int rc;

	if (own_hops(&req->fields, FR_FIELD_VIA) >= FR_CANONICAL_MAX_HOPS ||
	    own_hops(&req->fields, FR_FIELD_CDN_LOOP) >= FR_CANONICAL_MAX_HOPS)
		return FR_ERR_LIMIT;
	fr_fields_init(&to.fields, a);
	rc = copy_fields(&to.fields, &req->fields, hop->via);
	if (rc == 0)
		rc = count_forwards(a, &to);
	if (rc == 0)
		rc = add_forwarded(a, req, hop, &to.fields);
	if (rc == 0)
		rc = fr_fields_add_id(&to.fields, FR_FIELD_CDN_LOOP, hop->loop);
	if (rc == 0 && hop->via)
		rc = fr_fields_add_id(&to.fields, FR_FIELD_VIA, via_for(req->version));
	if (rc == 0 && req->is_upgrade)
		rc = fr_fields_add_id(&to.fields, FR_FIELD_UPGRADE, hop->upgrade);
	if (rc == 0 && hop->query)
		rc = fr_query_select(a, hop->query, req->target, &to.target);
	if (rc < 0)
		return rc;
	if (hop->host.len)
		to.authority = hop->host;
	/* a method that usually has content says so when it has none (RFC 9110 §8.6) */
	if (!to.has_body && to.content_length < 0 &&
	    (to.method == FR_METHOD_POST || to.method == FR_METHOD_PUT ||
	     to.method == FR_METHOD_PATCH))
		to.content_length = 0;
	*out = to;
	return 0;
}

struct fr_query_rule fr_canonical_query_rule(const struct fr_config_cache *rules)
{
	struct fr_query_rule rule = {.policy = FR_QUERY_KEEP,
	                             .names = (const char *const *)rules->query_only,
	                             .n = rules->n_query_only};

	if (rules->ignore_query)
		rule.policy = FR_QUERY_IGNORE;
	else if (rules->query_only)
		rule.policy = FR_QUERY_ONLY;
	return rule;
}

struct fr_cookie_rules fr_canonical_cookie_rules(const struct fr_config_cache *rules)
{
	return (struct fr_cookie_rules){.bypass = {.v = (const char *const *)rules->bypass_cookies,
	                                           .n = rules->n_bypass_cookies},
	                                .ignored = {.v = (const char *const *)rules->ignore_cookies,
	                                            .n = rules->n_ignore_cookies},
	                                .ignores_all = rules->cookies == FR_CONFIG_COOKIES_IGNORE};
}
