/* Resolves one origin's name on libuv's threads, and hands out its addresses in turn. */
#include "net/resolver.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/localhost.h"

struct fr_resolver {
	struct fr_loop *loop; /* borrowed */
	char *host;           /* owned */
	uint16_t port;
	void (*on_done)(void *user);
	void *user; /* borrowed */
	uv_getaddrinfo_t req;
	bool is_running;
	bool is_closed;
	bool is_wanted;  /* somebody waits for on_done */
	bool is_numeric; /* never looked up again */
	bool is_doubted; /* what is known refuses: the look-up under way is waited for */
	uint64_t expires_ms;
	uint64_t renewed_ms; /* fr_resolver_renew began a look-up; 0: never */
	size_t n;
	struct sockaddr_storage addr[FR_RESOLVER_MAX_ADDRESSES];
};

static bool parse_numeric(struct fr_resolver *r)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (uv_ip4_addr(r->host, r->port, &in) == 0)
		memcpy(&r->addr[0], &in, sizeof in);
	else if (uv_ip6_addr(r->host, r->port, &in6) == 0)
		memcpy(&r->addr[0], &in6, sizeof in6);
	else
		return false;
	r->n = 1;
	return true;
}

struct fr_resolver *fr_resolver_new(struct fr_loop *l, const char *host, uint16_t port,
                                    void (*on_done)(void *user), void *user)
{
	struct fr_resolver *r = fr_calloc(1, sizeof *r);

	r->loop = l;
	r->host = fr_str_dup(fr_str_from(host));
	r->port = port;
	r->on_done = on_done;
	r->user = user;
	r->req.data = r;
	r->is_numeric = parse_numeric(r);
	return r;
}

static void resolver_free(struct fr_resolver *r)
{
	free(r->host);
	free(r);
}

void fr_resolver_close(struct fr_resolver **rp)
{
	struct fr_resolver *r = *rp;

	if (!r)
		return;
	*rp = NULL;
	r->is_closed = true;
	if (r->is_running)
		(void)uv_cancel((uv_req_t *)&r->req);
	else
		resolver_free(r);
}

static void take_addresses(struct fr_resolver *r, const struct addrinfo *list)
{
	r->n = 0;
	for (; list && r->n < FR_RESOLVER_MAX_ADDRESSES; list = list->ai_next) {
		if (list->ai_addrlen > sizeof r->addr[0])
			continue;
		memcpy(&r->addr[r->n++], list->ai_addr, list->ai_addrlen);
	}
}

static void look_up_done(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct fr_resolver *r = req->data;
	bool wanted = r->is_wanted;

	r->is_running = r->is_wanted = r->is_doubted = false;
	if (r->is_closed) {
		uv_freeaddrinfo(list);
		resolver_free(r);
		return;
	}
	if (status == 0)
		take_addresses(r, list);
	uv_freeaddrinfo(list);
	r->expires_ms = fr_loop_now(r->loop) +
	                (status == 0 ? FR_RESOLVER_TTL_MS : FR_RESOLVER_NEGATIVE_TTL_MS);
	if (wanted)
		r->on_done(r->user);
}

static void look_up(struct fr_resolver *r)
{
	/* no AI_ADDRCONFIG: a machine with nothing but loopback resolves too */
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	char service[8];

	if (r->is_running)
		return;
	(void)snprintf(service, sizeof service, "%u", (unsigned)r->port);
	if (uv_getaddrinfo(fr_loop_uv(r->loop), &r->req, look_up_done, fr_localhost_node(r->host),
	                   service, &hints) == 0)
		r->is_running = true;
	else
		r->expires_ms = fr_loop_now(r->loop) + FR_RESOLVER_NEGATIVE_TTL_MS;
}

int fr_resolver_want(struct fr_resolver *r)
{
	if (r->is_numeric)
		return 1;
	if (fr_loop_now(r->loop) >= r->expires_ms)
		look_up(r);
	if (r->n && !r->is_doubted)
		return (int)r->n;
	if (!r->is_running)
		return FR_ERR_DNS;
	r->is_wanted = true;
	return FR_ERR_AGAIN;
}

int fr_resolver_renew(struct fr_resolver *r)
{
	uint64_t now = fr_loop_now(r->loop);

	if (r->is_numeric)
		return FR_ERR_DNS;
	if (!r->is_running && now - r->renewed_ms >= FR_RESOLVER_RENEW_MS) {
		r->renewed_ms = now;
		look_up(r);
	}
	if (!r->is_running)
		return FR_ERR_DNS;
	r->is_doubted = r->is_wanted = true;
	return FR_ERR_AGAIN;
}

const struct sockaddr *fr_resolver_address(const struct fr_resolver *r, size_t i)
{
	FR_ASSERT(r->n);
	return (const struct sockaddr *)&r->addr[i % r->n];
}
