/* Makes TUN devices, and sets their addresses and routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "lab/network/packet_priv.h"

#define MTU 1500
#define INITIAL_WINDOW 10u
/* What most servers use; the machine's own default may be another. */
#define CONGESTION_CONTROL "cubic"

int fr_packet_open_tun(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Not vital: where it cannot be set, the machine's own holds. */
static void set_sysctl(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		errno = 0;
	close(fd);
}

static int bring_up(int fd, const char *device)
{
	struct ifreq r = {0};

	strncpy(r.ifr_name, device, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -1;
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &r);
}

static int set_address(int fd, const char *device, unsigned long what, const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct ifreq r = {0};

	strncpy(r.ifr_name, device, IFNAMSIZ - 1);
	(void)inet_pton(AF_INET, address, &in.sin_addr);
	memcpy(&r.ifr_addr, &in, sizeof in);
	return ioctl(fd, what, &r);
}

static int set_mtu(int fd, const char *device)
{
	struct ifreq r = {.ifr_mtu = MTU};

	strncpy(r.ifr_name, device, IFNAMSIZ - 1);
	return ioctl(fd, SIOCSIFMTU, &r);
}

/* --- the route, by netlink: it names the congestion control --- */

struct route_request {
	struct nlmsghdr head;
	struct rtmsg message;
	char attributes[256];
};

static struct rtattr *add(struct route_request *q, unsigned short type, const void *data,
                          size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

static int ask(const struct route_request *q)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer = {0};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), rc = -1;

	if (fd < 0)
		return -1;
	if (send(fd, q, q->head.nlmsg_len, 0) >= 0 && recv(fd, &answer, sizeof answer, 0) >= 0) {
		errno = -answer.error.error;
		rc = answer.error.error ? -1 : 0;
	}
	close(fd);
	return rc;
}

static int add_route(const char *device, const char *address, const char *peer)
{
	struct route_request q = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
	                 .nlmsg_type = RTM_NEWROUTE,
	                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE},
		.message = {.rtm_family = AF_INET,
	                    .rtm_dst_len = 32,
	                    .rtm_table = RT_TABLE_MAIN,
	                    .rtm_protocol = RTPROT_STATIC,
	                    .rtm_scope = RT_SCOPE_LINK,
	                    .rtm_type = RTN_UNICAST}};
	uint32_t index = if_nametoindex(device), window = INITIAL_WINDOW;
	struct in_addr from, to;
	struct rtattr *metrics;

	(void)inet_pton(AF_INET, address, &from);
	(void)inet_pton(AF_INET, peer, &to);
	(void)add(&q, RTA_DST, &to, sizeof to);
	(void)add(&q, RTA_PREFSRC, &from, sizeof from);
	(void)add(&q, RTA_OIF, &index, sizeof index);
	metrics = add(&q, RTA_METRICS, NULL, 0);
	(void)add(&q, RTAX_INITCWND, &window, sizeof window);
	(void)add(&q, RTAX_CC_ALGO, CONGESTION_CONTROL, sizeof CONGESTION_CONTROL);
	metrics->rta_len = (unsigned short)((char *)&q + q.head.nlmsg_len - (char *)metrics);
	return ask(&q);
}

const char *fr_packet_configure(const char *device, const char *address, const char *peer)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *failed = NULL;

	if (fd < 0)
		return "a socket";
	/* each connection begins as if to an unknown host */
	set_sysctl("/proc/sys/net/ipv4/tcp_no_metrics_save");
	set_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6");
	set_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6");
	if (bring_up(fd, "lo") < 0)
		failed = "the loopback device";
	else if (set_address(fd, device, SIOCSIFADDR, address) < 0 ||
	         set_address(fd, device, SIOCSIFNETMASK, "255.255.255.255") < 0 ||
	         set_mtu(fd, device) < 0 || bring_up(fd, device) < 0)
		failed = "the device's address";
	else if (add_route(device, address, peer) < 0)
		failed = "the route";
	if (failed) {
		int saved = errno;

		close(fd);
		errno = saved;
		return failed;
	}
	close(fd);
	return NULL;
}
