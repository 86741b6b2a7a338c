/* Sets up relays, edges and namespaces for a target, and says where a client connects
 * for each host. */
#include "lab/profile/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/url.h"
#include "lab/network/packet.h"
#include "lab/network/port.h"
#include "lab/network/relay.h"
#include "lab/network/relay_paths.h"
#include "lab/profile/edge.h"
#include "lab/profile/front.h"
#include "net/localhost.h"

struct route { /* to one host and port, or to an edge */
	char host[256];
	uint16_t port;
	int variant; /* of an edge; -1: all */
	struct sockaddr_storage direct, via;
	struct fr_relay *relay; /* owned; NULL: nowhere, or not emulated */
	bool is_known;          /* an address was found */
};

struct fr_target {
	struct fr_loop *loop;                     /* borrowed */
	const struct fr_profile_options *options; /* borrowed */
	struct fr_relay_lines lines;
	struct fr_relay_paths *paths;            /* owned; NULL: the caller's */
	struct fr_packet *packet;                /* owned; NULL: not emulated by packets */
	struct fr_front *front;                  /* owned; NULL: the edge asks the origin itself */
	struct fr_edge *edges[FR_VARIANT_COUNT]; /* owned */
	struct fr_local_ca ca;
	struct fr_tls_client *tls; /* reference */
	char host[256];            /* of the page */
	uint16_t port;
	char *rules; /* owned */
	struct route routes[FR_TARGET_MAX_ROUTES];
	size_t n_routes;
};

static int complain(char *why, size_t cap, const char *what, const char *detail)
{
	(void)snprintf(why, cap, "%s%s", what, detail);
	return FR_ERR_IO;
}

static int look_up(const char *host, uint16_t port, struct sockaddr_storage *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	char name[256], service[8];
	size_t n = strlen(host);

	(void)snprintf(service, sizeof service, "%u", port);
	(void)snprintf(name, sizeof name, "%s", host);
	if (n > 2 && n < sizeof name && host[0] == '[')
		(void)snprintf(name, sizeof name, "%.*s", (int)(n - 2), host + 1);
	if (fr_is_localhost(name))
		hints.ai_family = AF_INET; /* where our own edges and most servers listen */
	if (getaddrinfo(fr_localhost_node(name), service, &hints, &list) != 0)
		return FR_ERR_DNS;
	memset(out, 0, sizeof *out);
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

/* --- the edges --- */

static int split_url(const char *text, char *host, size_t cap, uint16_t *port, bool *tls)
{
	struct fr_arena arena;
	struct fr_url url;
	int rc;

	fr_arena_init(&arena, 65536);
	rc = fr_url_parse(&arena, fr_str_from(text), &url);
	if (rc == 0) {
		(void)snprintf(host, cap, "%.*s", FR_STR_ARG(url.host));
		*port = url.port;
		*tls = fr_str_is(url.scheme, "https");
	}
	fr_arena_fini(&arena);
	return rc;
}

/* The origin as the edges see it: itself, or the front before it. */
static int make_front(struct fr_target *t, char *origin, size_t cap, bool *verify, char *why,
                      size_t why_cap)
{
	const struct fr_profile_options *o = t->options;
	struct sockaddr_storage address;
	char host[256] = "";
	uint16_t port = 0;
	bool tls = false;
	int fd;

	(void)snprintf(origin, cap, "%s", o->origin);
	*verify = !o->insecure;
	if (split_url(o->origin, host, sizeof host, &port, &tls) < 0 ||
	    look_up(host, port, &address) < 0)
		return complain(why, why_cap, "cannot find the origin ", o->origin);
	if (!t->packet && !o->think_ms)
		return 0;
	fr_packet_enter(t->packet, FR_PACKET_SERVER);
	fd = fr_listen_port_open("127.0.0.1");
	fr_packet_leave(t->packet);
	if (fd < 0 || fr_front_new(t->loop, fd, &address, o->think_ms, &t->front) < 0)
		return complain(why, why_cap, "cannot listen on loopback", "");
	/* the certificate is the origin's, the address is not */
	*verify = false;
	(void)snprintf(origin, cap, "%s://127.0.0.1:%u", tls ? "https" : "http",
	               fr_front_port(t->front));
	return 0;
}

static struct route *add_route(struct fr_target *t, const char *host, uint16_t port, int variant)
{
	struct route *r;

	if (t->n_routes == FR_TARGET_MAX_ROUTES)
		return NULL;
	r = &t->routes[t->n_routes++];
	*r = (struct route){.port = port, .variant = variant};
	(void)snprintf(r->host, sizeof r->host, "%s", host);
	return r;
}

/* An address of the server's side that clients reach over the emulated network. */
static int emulate(struct fr_target *t, struct route *r)
{
	const struct fr_network *n = &t->options->network;
	int fd = -1;

	r->via = r->direct;
	if (!t->packet && !n->rtt_ms && !n->down_kbit && !n->up_kbit && !n->loss)
		return 0;
	if (t->packet) {
		if (r->variant >= 0)
			return 0; /* the edge is on that side itself */
		fr_packet_enter(t->packet, FR_PACKET_SERVER);
		fd = fr_listen_port_open(fr_packet_address(FR_PACKET_SERVER));
		fr_packet_leave(t->packet);
		if (fd < 0)
			return FR_ERR_IO;
	}
	if (fr_relay_new(t->loop, fd, &r->direct, &t->lines, &r->relay) < 0)
		return FR_ERR_IO;
	fr_loopback_address(fr_relay_port(r->relay), &r->via);
	if (t->packet)
		return look_up(fr_packet_address(FR_PACKET_SERVER), fr_relay_port(r->relay),
		               &r->via);
	return 0;
}

static int start_edge(struct fr_target *t, const struct fr_edge_spec *spec, char *why, size_t cap)
{
	enum fr_variant v = spec->variant;
	struct route *r;
	int rc;

	fr_packet_enter(t->packet, FR_PACKET_SERVER);
	rc = fr_edge_start(spec, &t->ca, &t->edges[v], why, cap);
	fr_packet_leave(t->packet);
	if (rc < 0)
		return rc;
	r = add_route(t, t->host, t->port, (int)v);
	FR_ASSERT(r);
	r->is_known = true;
	if (look_up(spec->address, fr_edge_port(t->edges[v]), &r->direct) < 0 || emulate(t, r) < 0)
		return complain(why, cap, "cannot make the way to the edge", "");
	return 0;
}

static int start_edges(struct fr_target *t, char *why, size_t cap)
{
	const struct fr_profile_options *o = t->options;
	struct fr_edge_spec spec = {.address = "127.0.0.1",
	                            .path_source = fr_relay_paths_source(t->lines.paths)};
	char origin[1024];
	int rc = 0;

	if (t->packet)
		spec.address = fr_packet_address(FR_PACKET_SERVER);
	if (o->rules)
		rc = fr_edge_read_rules(o->rules, &t->rules, why, cap);
	spec.rules = t->rules ? t->rules : "";
	if (rc == 0)
		rc = make_front(t, origin, sizeof origin, &spec.verify, why, cap);
	spec.origin = origin;
	for (size_t i = 0; rc == 0 && i < o->n_variants; i++) {
		spec.variant = o->variants[i];
		rc = start_edge(t, &spec, why, cap);
	}
	return rc;
}

/* --- the whole --- */

static int make_tls(struct fr_target *t, char *why, size_t cap)
{
	const struct fr_profile_options *o = t->options;
	struct fr_tls_problem problem;
	bool verify = !o->insecure;
	const char *ca = o->ca;

	if (*o->origin) {
		/* our own edge: its certificate is for localhost alone */
		verify = verify && strcmp(t->host, "localhost") == 0;
		ca = t->ca.ca_file;
	}
	if (fr_tls_client_new(verify ? ca : NULL, verify, "h2", &t->tls, &problem) < 0)
		return complain(why, cap, problem.text, "");
	return 0;
}

int fr_target_new(struct fr_loop *l, const struct fr_profile_options *options,
                  struct fr_target **out, char *why, size_t cap)
{
	struct fr_target *t = fr_calloc(1, sizeof *t);
	struct fr_network none = {.name = "none"};
	bool tls;
	int rc;

	t->loop = l;
	t->options = options;
	fr_relay_lines_init(&t->lines, options->packet ? &none : &options->network, 1);
	if (!options->paths)
		t->paths = fr_relay_paths_new();
	t->lines.paths = options->paths ? options->paths : t->paths;
	*out = t;
	rc = split_url(options->url, t->host, sizeof t->host, &t->port, &tls);
	if (rc == 0 && options->packet)
		rc = fr_packet_new(&options->network, &t->packet, why, cap);
	if (rc == 0 && *options->origin)
		rc = start_edges(t, why, cap);
	return rc == 0 ? make_tls(t, why, cap) : rc;
}

size_t fr_target_close(struct fr_target *t)
{
	size_t left = 0;

	if (!t)
		return 0;
	for (size_t i = 0; i < t->n_routes; i++)
		fr_relay_close(&t->routes[i].relay);
	fr_front_close(&t->front);
	for (size_t i = 0; i < FR_VARIANT_COUNT; i++)
		left += fr_edge_stop(&t->edges[i]);
	fr_packet_free(&t->packet);
	fr_tls_client_unref(&t->tls);
	return left;
}

void fr_target_free(struct fr_target **tp)
{
	if (!*tp)
		return;
	fr_relay_paths_free(&(*tp)->paths);
	free((*tp)->rules);
	free(*tp);
	*tp = NULL;
}

static struct route *find(struct fr_target *t, enum fr_variant v, const char *host, uint16_t port)
{
	for (size_t i = 0; i < t->n_routes; i++) {
		struct route *r = &t->routes[i];

		if (r->port == port && strcmp(r->host, host) == 0 &&
		    (r->variant < 0 || r->variant == (int)v))
			return r;
	}
	return NULL;
}

int fr_target_route(struct fr_target *t, enum fr_variant v, const char *host, uint16_t port,
                    bool direct, struct sockaddr_storage *to)
{
	struct route *r = find(t, v, host, port);

	if (!r) {
		r = add_route(t, host, port, -1);
		if (!r)
			return FR_ERR_LIMIT;
		/* remembered also if there is none, so that it costs time once */
		r->is_known = look_up(host, port, &r->direct) == 0 && emulate(t, r) == 0;
	}
	if (!r->is_known)
		return FR_ERR_DNS;
	*to = direct && !t->packet ? r->direct : r->via;
	return 0;
}

bool fr_target_is_name(const struct fr_target *t, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return !*t->options->origin && !t->options->is_looked_up && *host != '[' &&
	       inet_pton(AF_INET, host, address) != 1;
}

void fr_target_reset(struct fr_target *t, uint64_t seed)
{
	fr_relay_lines_reset(&t->lines, seed);
}

struct fr_tls_client *fr_target_tls(const struct fr_target *t)
{
	return t->tls;
}

const char *fr_target_certificate(const struct fr_target *t)
{
	return *t->options->origin ? t->ca.cert_file : "";
}

uint64_t fr_target_connect_us(const struct fr_target *t)
{
	return t->packet ? 0 : (uint64_t)t->options->network.rtt_ms * 1000;
}

void fr_target_enter(struct fr_target *t)
{
	fr_packet_enter(t->packet, FR_PACKET_CLIENT);
}

void fr_target_leave(struct fr_target *t)
{
	fr_packet_leave(t->packet);
}
