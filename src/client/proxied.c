/* Takes PROXY headers of trusted peers, and refuses the others. */
#include "client/proxied.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/proxy_header.h"
#include "net/admission.h"
#include "observe/counters.h"

/* How long nothing more is said of refused connections. */
#define SILENT_MS 60000u

/* Once a minute for each worker: a wrong configuration refuses all. */
static void complain(struct fr_clients *all, const struct fr_party *peer, const char *why)
{
	uint64_t now = fr_loop_now(all->worker->loop);

	fr_count(&all->worker->counters, FR_COUNT_PROXY_HEADERS_REFUSED);
	if (all->header_silent_until_ms > now)
		return;
	all->header_silent_until_ms = now + SILENT_MS;
	FR_LOG(WARN, "client", "connection of %s refused: %s", peer->text, why);
}

bool fr_proxied_admits(struct fr_clients *all, const struct fr_party *peer,
                       const struct fr_config_listener *listener)
{
	if (!listener->proxy_protocol ||
	    fr_config_trusts(all->worker->gen->config, peer->has_ip ? &peer->ip : NULL))
		return true;
	complain(all, peer,
	         "the listener takes the PROXY protocol, and this address is not in "
	         "trusted_proxies");
	return false;
}

bool fr_proxied_expect(struct fr_client *c)
{
	c->header = fr_try_calloc(1, sizeof *c->header);
	if (!c->header)
		return false;
	fr_mem_took(sizeof *c->header);
	c->conn.has_header = true;
	return true;
}

void fr_proxied_drop(struct fr_client *c)
{
	if (!c->header)
		return;
	fr_mem_gave(sizeof *c->header);
	free(c->header);
	c->header = NULL;
}

/* The client's own address counts from now on; that of a proxy behind the proxy does not. */
static int take_address(struct fr_client *c, const struct fr_proxy_header *h)
{
	struct fr_connection *conn = &c->conn;
	struct fr_party *party = conn->proxied;

	fr_party_set(party, &h->ip, h->port);
	if (fr_config_trusts(conn->gen->config, &party->ip) ||
	    fr_admission_move(conn->worker->admission, &conn->ticket, &party->counted))
		return 0;
	fr_count(&conn->worker->counters, FR_COUNT_LIMIT_CONNECTIONS_ADDRESS);
	return FR_ERR_LIMIT;
}

static int take_header(struct fr_client *c, const struct fr_proxy_header *h)
{
	c->conn.is_tls_before = h->is_tls;
	if (h->source == FR_PROXY_PEER)
		return 0;
	c->conn.proxied = fr_try_calloc(1, sizeof *c->conn.proxied);
	if (!c->conn.proxied)
		return FR_ERR_NOMEM;
	if (h->source == FR_PROXY_ADDRESS)
		return take_address(c, h);
	fr_party_set_unix(c->conn.proxied);
	return 0;
}

int fr_proxied_take(struct fr_client *c, const uint8_t *data, size_t len, size_t *used)
{
	int rc = fr_proxy_header_feed(c->header, data, len, used), taken;

	if (rc < 0)
		complain(c->all, &c->conn.peer,
		         "it does not begin with a PROXY header, which this listener takes "
		         "(HAProxy: send-proxy or send-proxy-v2)");
	if (rc <= 0)
		return rc;
	taken = take_header(c, c->header);
	fr_proxied_drop(c);
	return taken < 0 ? taken : 1;
}
