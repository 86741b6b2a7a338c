/* Copies messages between the two sides, without what must not pass. */
#include "exchange/proxy.h"

int fr_proxy_request(struct fr_exchange *ex)
{
	const struct fr_config_origin *origin = &ex->site->config->origin;
	struct fr_query_rule rule = fr_canonical_query_rule(ex->cache.rules);
	struct fr_canonical_hop hop = {
		.peer = fr_str_from(fr_connection_client(ex->client)->text),
		.chain = ex->whose.chain,
		.n_chain = ex->whose.n_chain,
		.upgrade = ex->canonical.upgrade,
		.query = ex->cache.is_keyed ? &rule : NULL,
		.loop = fr_str_from(ex->gen->shared->loop),
		.via = origin->via,
	};

	if (origin->host_policy == FR_HOST_ORIGIN || ex->req.authority.len == 0)
		hop.host = fr_str_from(origin->authority);
	return fr_canonical_forward(&ex->arena, &ex->req, &hop, &ex->to_origin.req);
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
	fr_chain_clear(&ex->to_client.body);
	if (ex->req.method == FR_METHOD_HEAD)
		return 0;
	return fr_chain_append(&ex->to_client.body, text.p, text.len);
}
