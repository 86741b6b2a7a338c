/* The options that name a network, by its name or by numbers. */
#include "lab/profile/network_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/suggest.h"

int fr_unknown_network(const char *command, const char *value)
{
	char text[400];
	struct fr_suggest near;
	size_t n;

	fr_suggest_begin(&near, value);
	for (size_t i = 0; fr_network_name(i); i++)
		fr_suggest_offer(&near, fr_network_name(i));
	n = (size_t)snprintf(text, sizeof text, "unknown network '%.80s'%s%s", value,
	                     near.best ? "; did you mean " : ": there are",
	                     near.best ? near.best : "");
	for (size_t i = 0; !near.best && fr_network_name(i) && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s %s", i ? "," : "",
		                      fr_network_name(i));
	return fr_usage(command, text, "");
}

int fr_take_network(const char *command, const struct fr_option *o, const char *value, void *into)
{
	const struct fr_network *n = fr_network_find(value);

	(void)o;
	if (!n)
		return fr_unknown_network(command, value);
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
