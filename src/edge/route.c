#include "edge/route.h"

#include <string.h>

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

/* Nearly all requests of a connection name the same authority. */
static bool recall(struct fr_exchange *ex)
{
	const struct fr_route_memo *m = &ex->client->route;

	if (m->generation != ex->gen->serial || m->len != ex->req.authority.len ||
	    memcmp(m->authority, ex->req.authority.p, m->len) != 0)
		return false;
	ex->site = m->site;
	return true;
}

static void remember(struct fr_exchange *ex)
{
	struct fr_route_memo *m = &ex->client->route;

	if (ex->req.authority.len == 0 || ex->req.authority.len > sizeof m->authority)
		return;
	m->generation = ex->gen->serial;
	m->site = ex->site;
	m->len = ex->req.authority.len;
	memcpy(m->authority, ex->req.authority.p, m->len);
}

static bool takes_any_host(const struct fr_config_site *site)
{
	for (size_t i = 0; i < site->n_hosts; i++)
		if (strcmp(site->hosts[i], "*") == 0)
			return true;
	return false;
}

/* May the client's connection carry requests for `host` (RFC 9113 §9.1.1)? */
static bool is_covered(const struct fr_exchange *ex, struct fr_str host)
{
	struct fr_stream *stream = ex->client->stream;
	const struct fr_tls *tls = stream ? fr_stream_tls(stream) : NULL;

	/* a request without a host (HTTP/1.0) names nothing that could be spoken for */
	if (!tls || host.len == 0 || fr_tls_covers(tls, host))
		return true;
	/* a client that named no host, and a site that takes any: another connection is only
	 * better if it comes with another certificate */
	return (fr_tls_server_name(tls).len == 0 || takes_any_host(ex->site->config)) &&
	       fr_tls_is_best(tls, ex->gen->shared->tls, host);
}

bool fr_route(struct fr_exchange *ex)
{
	struct fr_str host;

	if (recall(ex))
		return true;
	if (host_of(ex, &host) < 0) {
		fr_exchange_refuse(ex, 400, "The host is malformed.");
		return false;
	}
	ex->site = fr_generation_site(ex->gen, host);
	if (!ex->site) {
		fr_exchange_refuse(ex, 421, "No site of that name is served here.");
		return false;
	}
	if (!is_covered(ex, host)) {
		fr_exchange_refuse(ex, 421, "This connection's certificate is not for that host.");
		return false;
	}
	remember(ex);
	return true;
}
