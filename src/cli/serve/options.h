/* The command line of `forerun serve`. */
#ifndef FR_CLI_SERVE_OPTIONS_H
#define FR_CLI_SERVE_OPTIONS_H

#include <stdbool.h>

#include "config/config.h"

#define FR_SERVE_MAX_LISTEN 64u

struct fr_serve_options {
	struct fr_config_args args;
	const char *listen[FR_SERVE_MAX_LISTEN], *listen_plain[FR_SERVE_MAX_LISTEN];
	const char *config_file; /* NULL: from args */
	const char *log_level;   /* NULL: as configured */
	bool is_foreground;      /* without a parent */
};

/* 0 to go on, 1 when help was given, negative exit code otherwise. */
int fr_serve_options_read(int argc, char **argv, struct fr_serve_options *o);

#endif
