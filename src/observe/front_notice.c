/* Says what was noticed of proxies in front, and keeps it. */
#include "observe/front_notice.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* No interval grows beyond 60 s << 11, about a day and a half. */
#define MAX_DOUBLINGS 11u

static const char *const texts[] = {
	[FR_FRONT_ONE_ADDRESS] = "all page loads come from this address, with different browsers: "
				 "if it is a load balancer or CDN, list it in trusted_proxies "
				 "(docs/proxies.md)",
	[FR_FRONT_SILENT] =
		"all page loads come from this address, which is in trusted_proxies but "
		"names no clients: it must send X-Forwarded-For (docs/proxies.md)",
	[FR_FRONT_UNTRUSTED] =
		"sends X-Forwarded-For and is not in trusted_proxies, so it counts as "
		"the client itself: if it is a proxy of yours, list it "
		"(docs/proxies.md)",
};

struct fr_front_notice {
	pthread_mutex_t lock;
	struct {
		char address[FR_IP_TEXT_BYTES]; /* the latest; "": nothing was noticed */
		unsigned told;
		int64_t next_s;
	} kinds[FR_FRONT_KINDS];
};

struct fr_front_notice *fr_front_notice_new(void)
{
	struct fr_front_notice *n = fr_calloc(1, sizeof *n);

	(void)pthread_mutex_init(&n->lock, NULL);
	return n;
}

void fr_front_notice_free(struct fr_front_notice **np)
{
	struct fr_front_notice *n = *np;

	*np = NULL;
	if (!n)
		return;
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
}

void fr_front_notice_tell(struct fr_front_notice *n, enum fr_front_kind kind,
                          const struct fr_ip *address, int64_t now_s)
{
	char text[FR_IP_TEXT_BYTES];
	bool is_due;

	fr_ip_print(address, text);
	(void)pthread_mutex_lock(&n->lock);
	memcpy(n->kinds[kind].address, text, sizeof text);
	is_due = now_s >= n->kinds[kind].next_s;
	if (is_due) {
		n->kinds[kind].next_s =
			now_s + ((int64_t)FR_FRONT_INTERVAL_S << n->kinds[kind].told);
		n->kinds[kind].told += n->kinds[kind].told < MAX_DOUBLINGS;
	}
	(void)pthread_mutex_unlock(&n->lock);
	if (is_due)
		FR_LOG(WARN, "client", "%s: %s", text, texts[kind]);
}

void fr_front_notice_read(struct fr_front_notice *n, enum fr_front_kind kind,
                          char out[FR_IP_TEXT_BYTES])
{
	(void)pthread_mutex_lock(&n->lock);
	memcpy(out, n->kinds[kind].address, FR_IP_TEXT_BYTES);
	(void)pthread_mutex_unlock(&n->lock);
}
