/* Binds listening sockets, removes stale Unix sockets, and keeps handed-over ones. */
#include "client/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

/* Connections that wait to be accepted; the kernel's own maximum caps it. */
#define BACKLOG 4096

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* What to do about it; "" if that is plain. */
static const char *advice(enum fr_address_kind kind, int error)
{
	static const struct {
		int error;
		const char *inet, *local;
	} known[] = {
		{EADDRINUSE, "; is another server running there?",
	         "; is another server running there?"},
		{EACCES, "; ports below 1024 need root or CAP_NET_BIND_SERVICE",
	         "; this user may not write in its folder"},
		{ENOENT, "", "; its folder does not exist"},
		{ENOTDIR, "", "; its folder is a file"},
		{EADDRNOTAVAIL, "; this machine has no such address", ""},
		{ENAMETOOLONG, "", "; a socket's path has at most 107 bytes"},
		{EROFS, "", "; its folder can only be read"},
	};

	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (known[i].error == error)
			return kind == FR_ADDRESS_UNIX ? known[i].local : known[i].inet;
	return "";
}

static int problem(struct fr_config_problem *why, const struct fr_config_listener *l,
                   const char *what)
{
	(void)snprintf(why->text, sizeof why->text, "cannot listen on %s: %s: %s%s", l->text, what,
	               strerror(errno), advice(l->kind, errno));
	return FR_ERR_IO;
}

static socklen_t make_inet(const struct fr_config_listener *l, uint16_t port, union address *a)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET6, l->host, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		return sizeof a->in6;
	}
	if (inet_pton(AF_INET, l->host, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		return sizeof a->in;
	}
	errno = EINVAL;
	return 0;
}

/* A bound socket, or -1 with errno. share: with SO_REUSEPORT. */
static int bind_inet(const struct fr_config_listener *l, uint16_t port, bool share)
{
	union address a;
	socklen_t len = make_inet(l, port, &a);
	int one = 1, v6only = l->text[0] != '*', fd, saved;

	if (len == 0)
		return -1;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	    (!share || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0) &&
	    (a.any.sa_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only) == 0) &&
	    bind(fd, &a.any, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static uint16_t bound_port(int fd)
{
	union address a = {0};
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.any, &len) < 0 || a.any.sa_family == AF_UNIX)
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.in6.sin6_port : a.in.sin_port);
}

static int open_inet(const struct fr_config_listener *l, int *fds, size_t n, uint16_t *port,
                     struct fr_config_problem *why)
{
	int probe;

	/* SO_REUSEPORT would quietly share the port with another server of this
	 * user: a bind without it finds that out, and chooses the port */
	probe = bind_inet(l, *port, false);
	if (probe < 0 || listen(probe, 1) < 0) {
		(void)problem(why, l, "bind");
		if (probe >= 0)
			close(probe);
		return FR_ERR_IO;
	}
	*port = bound_port(probe);
	close(probe);
	for (size_t i = 0; i < n; i++) {
		fds[i] = bind_inet(l, *port, true);
		if (fds[i] < 0 || listen(fds[i], BACKLOG) < 0) {
			(void)problem(why, l, "listen");
			for (size_t k = 0; k <= i; k++)
				if (fds[k] >= 0)
					close(fds[k]);
			return FR_ERR_IO;
		}
	}
	return 0;
}

/* A socket file that nobody answers on is left from an earlier run. */
static bool is_stale(const union address *a, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	bool stale;

	if (fd < 0)
		return false;
	stale = lstat(a->un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	        connect(fd, &a->any, len) < 0 && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int open_unix(const struct fr_config_listener *l, int *fds, size_t n,
                     struct fr_config_problem *why)
{
	union address a = {.un = {.sun_family = AF_UNIX}};
	int fd;

	if (strlen(l->path) >= sizeof a.un.sun_path) {
		errno = ENAMETOOLONG;
		return problem(why, l, "path");
	}
	memcpy(a.un.sun_path, l->path, strlen(l->path));
	if (is_stale(&a, sizeof a.un))
		(void)unlink(l->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* the admin's is for the owner alone, before anybody can connect */
	if (fd < 0 || bind(fd, &a.any, sizeof a.un) < 0 ||
	    (l->is_admin && chmod(l->path, 0600) < 0) || listen(fd, BACKLOG) < 0) {
		(void)problem(why, l, "bind");
		if (fd >= 0)
			close(fd);
		return FR_ERR_IO;
	}
	fds[0] = fd;
	for (size_t i = 1; i < n; i++) {
		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fds[i] < 0) {
			(void)problem(why, l, "dup");
			for (size_t k = 0; k < i; k++)
				close(fds[k]);
			return FR_ERR_IO;
		}
	}
	return 0;
}

int fr_sockets_open(const struct fr_config_listener *l, int *fds, size_t n, uint16_t *port,
                    struct fr_config_problem *why)
{
	if (l->kind == FR_ADDRESS_UNIX)
		return open_unix(l, fds, n, why);
	return open_inet(l, fds, n, port, why);
}

void fr_sockets_remove(const char *path)
{
	(void)unlink(path);
}

/* --- from another process --- */

void fr_sockets_init(struct fr_sockets *s, size_t n_listeners, size_t n_workers)
{
	*s = (struct fr_sockets){.n_listeners = n_listeners, .n_workers = n_workers};
	s->fds = fr_calloc(n_listeners * n_workers, sizeof *s->fds);
	s->ports = fr_calloc(n_listeners, sizeof *s->ports);
	for (size_t i = 0; i < n_listeners * n_workers; i++)
		s->fds[i] = -1;
}

int fr_sockets_put(struct fr_sockets *s, size_t listener, int fd)
{
	if (listener < s->n_listeners)
		for (size_t i = 0; i < s->n_workers; i++)
			if (s->fds[listener * s->n_workers + i] < 0) {
				s->fds[listener * s->n_workers + i] = fd;
				s->ports[listener] = bound_port(fd);
				return 0;
			}
	close(fd);
	return FR_ERR_INVALID;
}

int fr_sockets_take(struct fr_sockets *s, size_t i, const struct fr_config_listener *l, int *fds,
                    uint16_t *port, struct fr_config_problem *why)
{
	int *mine = s->fds + i * s->n_workers;

	/* they come in order: the last is there if all are */
	if (i >= s->n_listeners || mine[s->n_workers - 1] < 0) {
		(void)snprintf(why->text, sizeof why->text,
		               "cannot listen on %s: the parent process has no socket for it",
		               l->text);
		return FR_ERR_IO;
	}
	for (size_t w = 0; w < s->n_workers; w++) {
		fds[w] = mine[w];
		mine[w] = -1;
	}
	*port = s->ports[i];
	return 0;
}

void fr_sockets_fini(struct fr_sockets *s)
{
	for (size_t i = 0; s->fds && i < s->n_listeners * s->n_workers; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	free(s->fds);
	free(s->ports);
	*s = (struct fr_sockets){0};
}
