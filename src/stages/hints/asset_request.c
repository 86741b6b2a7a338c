/* Writes the request for a hinted asset: what a browser would send for it. */
#include "stages/hints/asset_request.h"

/* Fields of the page's request that a browser would send for the asset, too. */
static const enum fr_field_id inherited[] = {
	FR_FIELD_ACCEPT_LANGUAGE,
	FR_FIELD_USER_AGENT,
};
static const enum fr_field_id of_the_client[] = {FR_FIELD_COOKIE, FR_FIELD_AUTHORIZATION};

static int add_copies(struct fr_request *req, const struct fr_exchange *page,
                      const enum fr_field_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct fr_field *f = fr_fields_get(&page->req.fields, ids[i]);
		int rc = f ? fr_fields_add_copy(&req->fields, fr_field_name(ids[i]), f->value) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Copies: the asset's exchange may outlive the page's. */
int fr_asset_request_make(struct fr_exchange *ex, const struct fr_exchange *page,
                          const struct fr_hint *hint, bool with_client)
{
	struct fr_request *req = &ex->req;
	struct fr_arena *a = &ex->arena;
	struct fr_str referer = {0}, encoding;
	int rc;

	req->method = FR_METHOD_GET;
	req->method_text = FR_STR("GET");
	req->version = page->req.version;
	req->content_length = -1;
	if (fr_arena_copy(a, page->req.scheme, &req->scheme) < 0 ||
	    fr_arena_copy(a, page->req.authority, &req->authority) < 0 ||
	    fr_arena_copy(a, hint->target, &req->target) < 0)
		return FR_ERR_NOMEM;
	rc = fr_fields_add_id(&req->fields, FR_FIELD_ACCEPT, fr_str_from(fr_as_accept(hint->as)));
	/* as the client writes it: browsers match a promise by that */
	if (rc == 0 && page->canonical.accept_encoding.p) {
		rc = fr_arena_copy(a, page->canonical.accept_encoding, &encoding);
		if (rc == 0)
			rc = fr_fields_add_id(&req->fields, FR_FIELD_ACCEPT_ENCODING, encoding);
	}
	if (rc == 0)
		rc = add_copies(req, page, inherited, FR_ARRAY_LEN(inherited));
	if (rc == 0 && with_client)
		rc = add_copies(req, page, of_the_client, FR_ARRAY_LEN(of_the_client));
	if (rc == 0)
		rc = fr_arena_printf(a, &referer, "%.*s://%.*s%.*s", FR_STR_ARG(page->req.scheme),
		                     FR_STR_ARG(page->req.authority), FR_STR_ARG(page->req.target));
	return rc < 0 ? rc : fr_fields_add_id(&req->fields, FR_FIELD_REFERER, referer);
}
