#include "edge/route.h"

#include "edge/client.h"
#include "http/url.h"

/* The host of the request in lower case, without its port. */
static int host_of(struct fr_exchange *ex, struct fr_str *host)
{
	struct fr_str part = {0};
	uint16_t port;
	char *p;

	if (ex->req.authority.len == 0) {
		*host = part;
		return 0;
	}
	if (fr_authority_parse(ex->req.authority, &part, &port) < 0)
		return FR_ERR_SYNTAX;
	p = fr_arena_alloc(&ex->arena, part.len);
	if (!p)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < part.len; i++)
		p[i] = fr_ascii_lower(part.p[i]);
	/* a trailing dot names the same host */
	*host = fr_str_make(p, part.len > 1 && p[part.len - 1] == '.' ? part.len - 1 : part.len);
	return 0;
}

bool fr_route(struct fr_exchange *ex)
{
	struct fr_str host;

	if (host_of(ex, &host) < 0) {
		fr_exchange_refuse(ex, 400, "The host is malformed.");
		return false;
	}
	ex->site = fr_generation_site(ex->gen, host);
	if (!ex->site) {
		fr_exchange_refuse(ex, 421, "No site of that name is served here.");
		return false;
	}
	if (ex->site->config->cert_file && !fr_client_covers(ex->client, host)) {
		fr_exchange_refuse(ex, 421, "This connection was made for another site.");
		return false;
	}
	return true;
}
