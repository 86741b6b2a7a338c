/* The networks that page loads are measured on: rates and round trips as in
 * WebPageTest's connectivity profiles. */
#ifndef FR_LAB_NETWORK_NETWORK_H
#define FR_LAB_NETWORK_NETWORK_H

#include <stddef.h>
#include <stdint.h>

struct fr_network {
	const char *name;
	uint32_t down_kbit, up_kbit; /* 0: no limit */
	uint32_t rtt_ms;
	uint32_t loss; /* packets lost of a million, each way */
};

/* The name of the i-th; NULL beyond the last. */
const char *fr_network_name(size_t i);
/* NULL: no network of that name. */
const struct fr_network *fr_network_find(const char *name);
/* "4g: 9000 kbit/s down, 9000 kbit/s up, round trip 170 ms". */
void fr_network_describe(const struct fr_network *n, char *out, size_t cap);

#endif
