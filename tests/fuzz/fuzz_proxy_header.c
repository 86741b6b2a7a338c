/* The PROXY protocol's header: what is found does not depend on the pieces in which it comes,
 * and never takes what follows it. The first byte is the size of the pieces. */
#include <string.h>

#include "base/mem.h"
#include "http/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct fr_proxy_header *h, const uint8_t *data, size_t size, size_t piece,
                size_t *taken)
{
	int rc = 0;

	memset(h, 0, sizeof *h);
	*taken = 0;
	while (rc == 0 && *taken < size) {
		size_t n = piece < size - *taken ? piece : size - *taken, used = 0;

		rc = fr_proxy_header_feed(h, data + *taken, n, &used);
		FR_ASSERT(used <= n && (rc != 0 || used == n));
		*taken += used;
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fr_proxy_header whole, pieces;
	size_t a, b;
	int rc;

	if (size == 0)
		return 0;
	rc = feed(&whole, data + 1, size - 1, size, &a);
	FR_ASSERT(feed(&pieces, data + 1, size - 1, data[0] + 1u, &b) == rc);
	if (rc <= 0)
		return 0;
	FR_ASSERT(a == b && a == whole.n && a <= FR_PROXY_HEADER_BYTES);
	FR_ASSERT(whole.source == pieces.source && whole.port == pieces.port &&
	          whole.is_tls == pieces.is_tls);
	FR_ASSERT(memcmp(&whole.ip, &pieces.ip, sizeof whole.ip) == 0);
	return 0;
}
