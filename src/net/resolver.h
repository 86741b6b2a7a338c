/* The addresses of one origin's host. Numeric addresses are ready at once; names are
 * resolved by getaddrinfo in libuv's thread pool, kept for a while, and renewed in the
 * background. So only the first request waits for DNS, and requests that found every
 * address refusing. When a renewal fails the old addresses stay in use. One loop owns it. */
#ifndef FR_NET_RESOLVER_H
#define FR_NET_RESOLVER_H

#include <stdint.h>
#include <sys/socket.h>

#include "net/loop.h"

/* Addresses kept for a name; a resolver that answers more is cut there. */
#define FR_RESOLVER_MAX_ADDRESSES 16u
/* getaddrinfo does not tell the records' time to live. */
#define FR_RESOLVER_TTL_MS 30000u
/* A failed look-up is answered from memory for this long. */
#define FR_RESOLVER_NEGATIVE_TTL_MS 1000u
/* A name is not looked up more often than this because its addresses refuse: an origin
 * that is down would cost a look-up for each request. */
#define FR_RESOLVER_RENEW_MS 100u

struct fr_resolver;

/* host: name or address without brackets, copied. on_done runs (never from
 * within fr_resolver_want) whenever a look-up that somebody wanted has ended. */
struct fr_resolver *fr_resolver_new(struct fr_loop *l, const char *host, uint16_t port,
                                    void (*on_done)(void *user), void *user);
/* Asynchronous: frees itself when a look-up under way has ended; no on_done
 * follows. Clears the pointer. */
void fr_resolver_close(struct fr_resolver **r);

/* How many addresses are known now (> 0); FR_ERR_AGAIN: a look-up is under
 * way, on_done will come; FR_ERR_DNS: the last one failed, just now. */
int fr_resolver_want(struct fr_resolver *r) FR_MUST_USE;
/* Every address refused: looks the name up again, unless FR_RESOLVER_RENEW_MS forbid it.
 * FR_ERR_AGAIN: a look-up is under way, until whose end fr_resolver_want answers
 * FR_ERR_AGAIN; on_done will come. FR_ERR_DNS: there is nothing newer to be had. */
int fr_resolver_renew(struct fr_resolver *r) FR_MUST_USE;
/* Address number i (taken modulo their count); fr_resolver_want was > 0. */
const struct sockaddr *fr_resolver_address(const struct fr_resolver *r, size_t i);

#endif
