/* The options that name a network, for all commands that emulate one. */
#ifndef FR_LAB_PROFILE_NETWORK_OPTIONS_H
#define FR_LAB_PROFILE_NETWORK_OPTIONS_H

#include "command/options.h"
#include "lab/network/network.h"

/* Rows of a table of options; offset: that of a struct fr_network. */
#define FR_NETWORK_OPTIONS(offset)                                                                 \
	FR_CALL_OPTION("network", offset, fr_take_network),                                        \
		FR_NUMBER_CALL_OPTION("rtt", offset, 0, 10000, fr_take_rtt),                       \
		FR_NUMBER_CALL_OPTION("down", offset, 0, 10000000, fr_take_down),                  \
		FR_NUMBER_CALL_OPTION("up", offset, 0, 10000000, fr_take_up)

/* For the rows: into is a struct fr_network. */
int fr_take_network(const char *command, const struct fr_option *o, const char *value, void *into);
int fr_take_rtt(const char *command, const struct fr_option *o, const char *value, void *into);
int fr_take_down(const char *command, const struct fr_option *o, const char *value, void *into);
int fr_take_up(const char *command, const struct fr_option *o, const char *value, void *into);
/* Says that there is no such network, and which was meant or which there are. Returns
 * -FR_EXIT_USAGE. */
int fr_unknown_network(const char *command, const char *value);
/* --loss PERCENT */
int fr_take_loss(const char *command, const struct fr_option *o, const char *value, void *into);

#endif
