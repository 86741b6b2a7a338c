/* The devices and routes of packet emulation, in the namespace that the calling
 * thread is in. */
#ifndef FR_LAB_NETWORK_PACKET_PRIV_H
#define FR_LAB_NETWORK_PACKET_PRIV_H

/* A new TUN device; its descriptor, or -1 with errno. */
int fr_packet_open_tun(const char *name);
/* Addresses, route and settings. NULL, or what failed, with errno. */
const char *fr_packet_configure(const char *device, const char *address, const char *peer);

#endif
