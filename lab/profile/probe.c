/* One TCP connection to each address of the origin until one succeeds. */
#include "lab/profile/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/url.h"
#include "net/localhost.h"

/* 0 or an errno. */
static int try_connect(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof error;

	if (fd < 0)
		return errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		error = errno;
	if (error == EINPROGRESS) {
		error = 0;
		if (poll(&wait, 1, FR_PROBE_TIMEOUT_MS) <= 0)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
	}
	(void)close(fd);
	return error;
}

static int probe(const char *origin, const char *host, const char *port, char *why, size_t cap)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo(fr_localhost_node(host), port, &hints, &list), error = ETIMEDOUT;

	if (rc) {
		(void)snprintf(why, cap, "%s: cannot look up %s: %s", origin, host,
		               gai_strerror(rc));
		return FR_ERR_CONNECT;
	}
	for (const struct addrinfo *a = list; a && error; a = a->ai_next)
		error = try_connect(a);
	freeaddrinfo(list);
	if (!error)
		return 0;
	(void)snprintf(why, cap, "%s: cannot connect: %s", origin, strerror(error));
	return FR_ERR_CONNECT;
}

int fr_probe_origin(const char *origin, char *why, size_t cap)
{
	char host[256], port[8];
	struct fr_arena arena;
	struct fr_url url;
	int rc = 0;

	fr_arena_init(&arena, 65536);
	if (fr_url_parse(&arena, fr_str_from(origin), &url) == 0 && url.host.len < sizeof host) {
		/* an IPv6 address has no brackets here */
		bool bracketed = url.host.len > 2 && url.host.p[0] == '[';
		struct fr_str name =
			bracketed ? fr_str_sub(url.host, 1, url.host.len - 1) : url.host;

		(void)snprintf(host, sizeof host, "%.*s", FR_STR_ARG(name));
		(void)snprintf(port, sizeof port, "%u", url.port);
		rc = probe(origin, host, port, why, cap);
	}
	fr_arena_fini(&arena);
	return rc;
}
