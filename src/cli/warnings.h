/* Warns of settings that are valid but unwise. For serve, which logs them, and check. */
#ifndef FR_CLI_WARNINGS_H
#define FR_CLI_WARNINGS_H

#include "config/config.h"

/* Calls say with each, one line without its end. Looks at the files that are named. */
void fr_config_warn(const struct fr_config *c, void (*say)(const char *text));

#endif
