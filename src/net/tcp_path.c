/* Reads from TCP_INFO what a connection can carry. */
#include "net/tcp_path.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* tcpi_min_rtt of a connection that has measured none. */
#define NO_MIN_RTT UINT32_MAX
/* The first window (RFC 6928). */
#define WINDOW_PACKETS 10ull

/* While the sender had not enough to send, the kernel's figure is at least what the path
 * delivered then: all that it can, if a queue stood and a window's worth had passed. */
static uint64_t rate_of(const struct tcp_info *i)
{
	bool is_queued = i->tcpi_min_rtt != NO_MIN_RTT &&
	                 i->tcpi_rtt > i->tcpi_min_rtt + i->tcpi_min_rtt / 8;
	bool is_filled = is_queued && i->tcpi_bytes_acked >= WINDOW_PACKETS * i->tcpi_snd_mss;

	return i->tcpi_delivery_rate_app_limited && !is_filled ? 0 : i->tcpi_delivery_rate;
}

int fr_tcp_path(int fd, struct fr_path *out)
{
	struct tcp_info i;
	socklen_t len = sizeof i;
	uint64_t flying, gone;

	/* an older kernel fills in less */
	memset(&i, 0, sizeof i);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len) < 0)
		return FR_ERR_IO;
	flying = (uint64_t)i.tcpi_unacked + i.tcpi_retrans;
	gone = (uint64_t)i.tcpi_sacked + i.tcpi_lost;
	*out = (struct fr_path){
		.rtt_us = i.tcpi_rtt,
		.min_rtt_us = i.tcpi_min_rtt == NO_MIN_RTT ? 0 : i.tcpi_min_rtt,
		.cwnd_bytes = (uint64_t)i.tcpi_snd_cwnd * i.tcpi_snd_mss,
		.mss_bytes = i.tcpi_snd_mss,
		.unsent_bytes = i.tcpi_notsent_bytes,
		.in_flight_bytes = flying > gone ? (flying - gone) * i.tcpi_snd_mss : 0,
		.acked_bytes = i.tcpi_bytes_acked,
		.delivery_rate_bytes_per_s = rate_of(&i),
	};
	return 0;
}
