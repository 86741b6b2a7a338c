/* The options that name a network, by its name or by numbers. */
#include "lab/profile/network_options.h"

#include <stdlib.h>

int fr_take_network(const char *command, const struct fr_option *o, const char *value, void *into)
{
	const struct fr_network *n = fr_network_find(value);

	(void)o;
	if (!n)
		return fr_usage(command, "unknown network ", value);
	*(struct fr_network *)into = *n;
	return 0;
}

static int take_number(const char *command, const struct fr_option *o, const char *value,
                       struct fr_network *n, uint32_t *out)
{
	n->name = "as given";
	return fr_option_number(command, o, value, out);
}

int fr_take_rtt(const char *command, const struct fr_option *o, const char *value, void *into)
{
	struct fr_network *n = into;

	return take_number(command, o, value, n, &n->rtt_ms);
}

int fr_take_down(const char *command, const struct fr_option *o, const char *value, void *into)
{
	struct fr_network *n = into;

	return take_number(command, o, value, n, &n->down_kbit);
}

int fr_take_up(const char *command, const struct fr_option *o, const char *value, void *into)
{
	struct fr_network *n = into;

	return take_number(command, o, value, n, &n->up_kbit);
}

int fr_take_loss(const char *command, const struct fr_option *o, const char *value, void *into)
{
	struct fr_network *n = into;
	char *end;
	double percent = strtod(value, &end);

	(void)o;
	if (end == value || *end || !(percent >= 0 && percent <= 50))
		return fr_usage(command, "--loss takes a percentage from 0 to 50, not ", value);
	n->name = "as given";
	n->loss = (uint32_t)(percent * 1e4 + 0.5);
	return 0;
}
