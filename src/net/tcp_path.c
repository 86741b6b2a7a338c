#include "net/tcp_path.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* tcpi_min_rtt of a connection that has measured none. */
#define NO_MIN_RTT UINT32_MAX

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
		.unsent_bytes = i.tcpi_notsent_bytes,
		.in_flight_bytes = flying > gone ? (flying - gone) * i.tcpi_snd_mss : 0,
		.delivery_rate_bytes_per_s =
			i.tcpi_delivery_rate_app_limited ? 0 : i.tcpi_delivery_rate,
	};
	return 0;
}
