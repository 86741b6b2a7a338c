/* Fills in who is at an end of a connection. */
#include "net/party.h"

#include <sys/socket.h>

void fr_party_set(struct fr_party *p, const struct fr_ip *ip, uint16_t port)
{
	p->has_ip = true;
	p->ip = *ip;
	p->counted = fr_ip_subscriber(ip);
	p->port = port;
	fr_ip_print(ip, p->text);
}

void fr_party_set_unix(struct fr_party *p)
{
	*p = (struct fr_party){.text = "unix"};
}

bool fr_party_of_socket(struct fr_party *p, int fd)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof ss;
	struct fr_ip ip;
	uint16_t port;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	if (fr_ip_of_socket((struct sockaddr *)&ss, &ip, &port))
		fr_party_set(p, &ip, port);
	else
		fr_party_set_unix(p);
	return true;
}
