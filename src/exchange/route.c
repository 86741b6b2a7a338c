/* Finds the site of a request, and checks that its connection's certificate is valid for
 * the host. */
#include "exchange/route.h"

#include <string.h>

#include "exchange/exchange_priv.h"
#include "http/url.h"

/* Gives the authority its one form; *host: without its port. */
static int settle_authority(struct fr_exchange *ex, struct fr_str *host)
{
	uint16_t port;
	int rc;

	*host = (struct fr_str){0};
	if (ex->req.authority.len == 0)
		return 0;
	rc = fr_authority_canonical(&ex->arena, ex->req.scheme, ex->req.authority,
	                            &ex->req.authority);
	return rc < 0 ? rc : fr_authority_parse(ex->req.authority, host, &port);
}

/* Nearly all requests of a connection name the same authority, in its one form. */
static bool recall(struct fr_exchange *ex)
{
	const struct fr_route_memo *m = &ex->client->route;

	if (m->generation != ex->gen->serial || m->len != ex->req.authority.len ||
	    m->scheme_len != ex->req.scheme.len ||
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
	m->scheme_len = ex->req.scheme.len;
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
	struct fr_transport *transport = ex->client->transport;
	const struct fr_tls *tls = transport ? fr_transport_tls(transport) : NULL;

	/* a request without a host (HTTP/1.0) names nothing that could be spoken for */
	if (!tls || host.len == 0 || fr_tls_covers(tls, host))
		return true;
	/* a client that named no host, and a site that takes any: another connection is only
	 * better if it comes with another certificate */
	return (fr_tls_server_name(tls).len == 0 || takes_any_host(ex->site->config)) &&
	       fr_tls_is_best(tls, ex->gen->shared->tls, host);
}

static bool route(struct fr_exchange *ex)
{
	struct fr_str host;

	if (recall(ex))
		return true;
	if (settle_authority(ex, &host) < 0) {
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

static enum fr_step take_request(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	return route(ex) && fr_exchange_accept(ex) ? FR_STEP_NEXT : FR_STEP_REFUSED;
}

const struct fr_stage fr_route_stage = {.name = "route", .request = take_request};
