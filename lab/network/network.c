/* The table of networks by name. */
#include "lab/network/network.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const struct fr_network networks[] = {
	{"4g", 9000, 9000, 170, 0},    {"lte", 12000, 12000, 70, 0}, {"cable", 5000, 1000, 28, 0},
	{"dsl", 1500, 384, 50, 0},     {"3g", 1600, 768, 300, 0},    {"3g-fast", 1600, 768, 150, 0},
	{"slow-3g", 400, 400, 400, 0}, {"none", 0, 0, 0, 0},
};

const char *fr_network_name(size_t i)
{
	return i < FR_ARRAY_LEN(networks) ? networks[i].name : NULL;
}

const struct fr_network *fr_network_find(const char *name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(networks); i++)
		if (strcmp(name, networks[i].name) == 0)
			return &networks[i];
	return NULL;
}

void fr_network_describe(const struct fr_network *n, char *out, size_t cap)
{
	int k = 0;

	if (!n->down_kbit && !n->up_kbit && !n->rtt_ms && !n->loss) {
		(void)snprintf(out, cap, "none emulated");
		return;
	}
	k = snprintf(out, cap, "%s: %u kbit/s down, %u kbit/s up, round trip %u ms", n->name,
	             n->down_kbit, n->up_kbit, n->rtt_ms);
	if (n->loss && k > 0 && (size_t)k < cap)
		(void)snprintf(out + k, cap - (size_t)k, ", %g %% loss", n->loss / 1e4);
}
