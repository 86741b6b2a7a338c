#include "tools/demo/port.h"

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

static int listen_on_loopback(uint16_t *number)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, (struct sockaddr *)&in, &len) == 0) {
		*number = ntohs(in.sin_port);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int fr_listen_port_new(struct fr_loop *l, void (*on_accept)(void *user, int fd), void *user,
                       struct fr_listen_port **out)
{
	struct fr_listen_port *p = fr_calloc(1, sizeof *p);

	p->on_accept = on_accept;
	p->user = user;
	p->fd = listen_on_loopback(&p->number);
	if (p->fd < 0) {
		free(p);
		return FR_ERR_IO;
	}
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
