/* Opens a listening port on loopback. */
#include "lab/network/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"

#define BACKLOG 128

struct fr_listen_port {
	uv_poll_t poll;
	int fd;
	uint16_t number;
	void (*on_accept)(void *user, int fd);
	void *user; /* borrowed */
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct fr_listen_port *p = poll->data;
	int fd;

	(void)events;
	if (status < 0)
		return;
	while ((fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		p->on_accept(p->user, fd);
}

int fr_listen_port_open(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && inet_pton(AF_INET, address, &in.sin_addr) == 1 &&
	    bind(fd, (struct sockaddr *)&in, sizeof in) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int fr_listen_port_new(struct fr_loop *l, int fd, void (*on_accept)(void *user, int fd), void *user,
                       struct fr_listen_port **out)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof in;
	struct fr_listen_port *p;

	if (fd < 0)
		fd = fr_listen_port_open("127.0.0.1");
	if (fd < 0)
		return FR_ERR_IO;
	(void)getsockname(fd, (struct sockaddr *)&in, &len);
	p = fr_calloc(1, sizeof *p);
	p->on_accept = on_accept;
	p->user = user;
	p->fd = fd;
	p->number = ntohs(in.sin_port);
	p->poll.data = p;
	FR_ASSERT(uv_poll_init(fr_loop_uv(l), &p->poll, p->fd) == 0);
	(void)uv_poll_start(&p->poll, UV_READABLE, on_readable);
	*out = p;
	return 0;
}

uint16_t fr_listen_port_number(const struct fr_listen_port *p)
{
	return p->number;
}

static void on_closed(uv_handle_t *handle)
{
	struct fr_listen_port *p = handle->data;

	close(p->fd);
	free(p);
}

void fr_listen_port_close(struct fr_listen_port **pp)
{
	if (!*pp)
		return;
	uv_close((uv_handle_t *)&(*pp)->poll, on_closed);
	*pp = NULL;
}
