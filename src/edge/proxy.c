#include "edge/proxy.h"

#include "edge/admin.h"
#include "edge/client.h"

#define VIA_NAME "forerun"

static bool replaced_on_request(uint16_t id)
{
	return id == FR_FIELD_FORWARDED || id == FR_FIELD_X_FORWARDED_FOR ||
	       id == FR_FIELD_X_FORWARDED_HOST || id == FR_FIELD_X_FORWARDED_PROTO ||
	       id == FR_FIELD_CONTENT_LENGTH || id == FR_FIELD_HTTP2_SETTINGS;
}

/* Copies the list (not the bytes) so that the client's request stays whole. */
static int copy_fields(struct fr_fields *to, const struct fr_fields *from)
{
	/* and what we add */
	if (fr_fields_reserve(to, from->n + 8) < 0)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < from->n; i++)
		if (!replaced_on_request(from->v[i].id)) {
			int rc = fr_fields_add(to, from->v[i].name, from->v[i].value);

			if (rc < 0)
				return rc;
		}
	return 0;
}

/* RFC 7239 §4: addresses with colons are quoted and bracketed. */
static int add_forwarded(struct fr_exchange *ex)
{
	const struct fr_client *c = ex->client;
	struct fr_fields *f = &ex->origin_req.fields;
	struct fr_str peer = fr_str_from(c->peer), line;
	bool is6 = fr_str_find(peer, ':') < peer.len;
	bool is_ip = is6 || fr_str_find(peer, '.') < peer.len;
	const struct fr_str parts[] = {FR_STR("for="),
	                               is6 ? FR_STR("\"[") : (is_ip ? FR_STR("") : FR_STR("_")),
	                               peer,
	                               is6 ? FR_STR("]\"") : FR_STR(""),
	                               FR_STR(";host=\""),
	                               ex->req.authority,
	                               FR_STR("\";proto="),
	                               ex->req.scheme};
	int rc = fr_arena_concat(&ex->arena, parts, FR_COUNT(parts), &line);

	if (rc < 0)
		return rc;
	if ((is_ip && fr_fields_add_id(f, FR_FIELD_X_FORWARDED_FOR, peer) < 0) ||
	    fr_fields_add_id(f, FR_FIELD_X_FORWARDED_PROTO, ex->req.scheme) < 0 ||
	    (ex->req.authority.len &&
	     fr_fields_add_id(f, FR_FIELD_X_FORWARDED_HOST, ex->req.authority) < 0) ||
	    (ex->req.authority.len && fr_fields_add_id(f, FR_FIELD_FORWARDED, line) < 0))
		return FR_ERR_NOMEM;
	return 0;
}

/* How often a member of Via names us. */
static unsigned own_hops(const struct fr_fields *f)
{
	const struct fr_field *via = NULL;
	unsigned n = 0;

	while ((via = fr_fields_next(f, FR_FIELD_VIA, via))) {
		struct fr_str rest = via->value, item;

		while (fr_str_next_item(&rest, &item))
			n += fr_str_ends(item, FR_STR(" " VIA_NAME));
	}
	return n;
}

static struct fr_str via_for(enum fr_version v)
{
	switch (v) {
	case FR_HTTP_1_0:
		return FR_STR("1.0 " VIA_NAME);
	case FR_HTTP_1_1:
		return FR_STR("1.1 " VIA_NAME);
	case FR_HTTP_2:
		break;
	}
	return FR_STR("2.0 " VIA_NAME);
}

/* RFC 9110 §7.6.2: how many more may forward a TRACE or OPTIONS. A value that
 * is no number is passed on as any field that we do not know. */
static int count_forwards(struct fr_exchange *ex)
{
	struct fr_fields *f = &ex->origin_req.fields;
	struct fr_str left = fr_fields_value(f, FR_FIELD_MAX_FORWARDS);
	uint64_t n;
	int rc;

	if ((ex->req.method != FR_METHOD_TRACE && ex->req.method != FR_METHOD_OPTIONS) ||
	    fr_str_to_u64(left, &n) < 0)
		return 0;
	if (n == 0)
		return FR_ERR_REFUSED;
	(void)fr_fields_remove(f, FR_FIELD_MAX_FORWARDS);
	rc = fr_arena_printf(&ex->arena, &left, "%llu", (unsigned long long)n - 1);
	return rc < 0 ? rc : fr_fields_add_id(f, FR_FIELD_MAX_FORWARDS, left);
}

int fr_proxy_request(struct fr_exchange *ex)
{
	struct fr_request *to = &ex->origin_req;
	const struct fr_config_origin *origin = &ex->site->config->origin;
	struct fr_str upgrade = fr_fields_value(&ex->req.fields, FR_FIELD_UPGRADE);
	int rc;

	if (own_hops(&ex->req.fields) >= FR_PROXY_MAX_HOPS)
		return FR_ERR_LIMIT;
	*to = ex->req;
	fr_fields_init(&to->fields, &ex->arena);
	rc = copy_fields(&to->fields, &ex->req.fields);
	if (rc == 0)
		rc = fr_fields_remove_hop_by_hop(&to->fields);
	if (rc == 0)
		rc = count_forwards(ex);
	if (rc == 0)
		rc = add_forwarded(ex);
	if (rc == 0)
		rc = fr_fields_add_id(&to->fields, FR_FIELD_VIA, via_for(ex->req.version));
	if (rc == 0 && ex->req.is_upgrade)
		rc = fr_fields_add_id(&to->fields, FR_FIELD_UPGRADE, upgrade);
	if (rc < 0)
		return rc;
	if (origin->host_policy == FR_HOST_ORIGIN || to->authority.len == 0)
		to->authority = fr_str_from(origin->authority);
	/* a method that usually has content says so when it has none (RFC 9110 §8.6) */
	if (!to->has_body && to->content_length < 0 &&
	    (to->method == FR_METHOD_POST || to->method == FR_METHOD_PUT ||
	     to->method == FR_METHOD_PATCH))
		to->content_length = 0;
	return 0;
}

int fr_proxy_response(struct fr_response *resp, struct fr_str date)
{
	struct fr_fields *f = &resp->fields;
	int rc = fr_fields_remove_hop_by_hop(f);

	if (rc < 0)
		return rc;
	(void)fr_fields_remove(f, FR_FIELD_CONTENT_LENGTH);
	if (resp->status < 200)
		return 0;
	return fr_fields_get(f, FR_FIELD_DATE) ? 0 : fr_fields_add_id(f, FR_FIELD_DATE, date);
}

int fr_proxy_own_response(struct fr_exchange *ex, int status, const char *type, struct fr_str text,
                          struct fr_str date)
{
	struct fr_response *resp = &ex->resp;

	fr_response_init(resp, &ex->arena, status);
	resp->version = FR_HTTP_1_1;
	resp->content_length = (int64_t)text.len;
	if (fr_fields_add_id(&resp->fields, FR_FIELD_CONTENT_TYPE, fr_str_from(type)) < 0 ||
	    fr_fields_add_id(&resp->fields, FR_FIELD_CACHE_CONTROL, FR_STR("no-store")) < 0 ||
	    fr_fields_add_id(&resp->fields, FR_FIELD_DATE, date) < 0)
		return FR_ERR_NOMEM;
	if (ex->client->is_admin && fr_admin_add_fields(ex) < 0)
		return FR_ERR_NOMEM;
	fr_chain_clear(&ex->resp_body);
	if (ex->req.method == FR_METHOD_HEAD)
		return 0;
	return fr_chain_append(&ex->resp_body, text.p, text.len);
}
