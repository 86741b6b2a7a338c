/* Sends and receives messages and descriptors between parent and serving process. */
#include "cli/serve/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_LISTENERS 1024u

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(FR_HANDOVER_MAX_FDS * sizeof(int))];
};

int fr_handover_send(int fd, enum fr_handover_kind kind, uint32_t a, uint32_t b, const int *fds,
                     size_t n)
{
	struct fr_handover_message m = {
		.version = FR_HANDOVER_VERSION, .kind = kind, .a = a, .b = b};
	struct iovec iov = {.iov_base = &m, .iov_len = sizeof m};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	union control c = {0};
	ssize_t sent;

	FR_ASSERT(n <= FR_HANDOVER_MAX_FDS);
	if (n) {
		h.msg_control = &c;
		h.msg_controllen = CMSG_SPACE(n * sizeof *fds);
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = CMSG_LEN(n * sizeof *fds);
		memcpy(CMSG_DATA(&c.head), fds, n * sizeof *fds);
	}
	do
		sent = sendmsg(fd, &h, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof m ? 0 : FR_ERR_IO;
}

static int judge(ssize_t got, const struct fr_handover_message *m)
{
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? FR_ERR_AGAIN : FR_ERR_CLOSED;
	if (got == 0)
		return FR_ERR_CLOSED;
	return got == (ssize_t)sizeof *m && m->version == FR_HANDOVER_VERSION ? 0 : FR_ERR_SYNTAX;
}

int fr_handover_receive(int fd, struct fr_handover_message *m)
{
	struct fr_handover_message got;
	ssize_t n;
	int rc;

	/* without room for them the kernel closes what descriptors come along */
	do
		n = recv(fd, &got, sizeof got, 0);
	while (n < 0 && errno == EINTR);
	rc = judge(n, &got);
	if (rc == 0)
		*m = got;
	return rc;
}

/* --- the serving process's side --- */

void fr_handed_fini(struct fr_handed *h)
{
	fr_files_unref(&h->files);
	fr_sockets_fini(&h->sockets);
	h->is_complete = false;
}

static size_t take_descriptors(struct msghdr *h, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
			memcpy(fds, CMSG_DATA(c), n * sizeof *fds);
		}
	return n;
}

static int receive(int fd, struct fr_handover_message *m, int *fds, size_t *n)
{
	struct iovec iov = {.iov_base = m, .iov_len = sizeof *m};
	union control c = {0};
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
	ssize_t got;

	do
		got = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	*n = got >= 0 ? take_descriptors(&h, fds) : 0;
	return judge(got, m);
}

static int take_set(struct fr_handed *h, const struct fr_handover_message *m, int *fds, size_t *n)
{
	int rc = 0;

	switch (m->kind) {
	case FR_HANDOVER_PAGE:
		if (*n != 1 || m->a > FR_CRASH_MAX_WORKERS)
			return FR_ERR_SYNTAX;
		*n = 0;
		return fr_crash_begin(fds[0], m->a);
	case FR_HANDOVER_BEGIN:
		if (m->a > MAX_LISTENERS || m->b == 0 || m->b > FR_CRASH_MAX_WORKERS)
			return FR_ERR_SYNTAX;
		fr_handed_fini(h);
		fr_sockets_init(&h->sockets, m->a, m->b);
		h->n_workers = m->b;
		return 0;
	case FR_HANDOVER_FILES:
		if (*n != 1)
			return FR_ERR_SYNTAX;
		fr_files_unref(&h->files);
		return fr_files_unpack(fds[0], &h->files);
	case FR_HANDOVER_SOCKETS:
		for (size_t i = 0; i < *n; i++)
			rc |= fr_sockets_put(&h->sockets, m->a, fds[i]);
		*n = 0;
		return rc ? FR_ERR_SYNTAX : 0;
	default: /* APPLY */
		h->number = m->a;
		h->crashes = m->b;
		h->is_complete = h->files != NULL;
		return h->is_complete ? 0 : FR_ERR_SYNTAX;
	}
}

int fr_handover_take(int fd, struct fr_handed *h, struct fr_handover_message *m)
{
	int fds[FR_HANDOVER_MAX_FDS];
	size_t n = 0;
	int rc = receive(fd, m, fds, &n);

	if (rc == 0 && m->kind >= FR_HANDOVER_PAGE && m->kind <= FR_HANDOVER_APPLY)
		rc = take_set(h, m, fds, &n);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return rc;
}
