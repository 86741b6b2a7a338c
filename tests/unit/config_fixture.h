/* A configuration and what is wrong with it, for tests that read one after another. */
#ifndef FR_UNIT_CONFIG_FIXTURE_H
#define FR_UNIT_CONFIG_FIXTURE_H

#include "config/config.h"
#include "unit.h"

static struct fr_config *config;
static struct fr_config_problem why;

static void drop_config(void)
{
	if (config)
		fr_config_unref(&config);
}

/* Reads text as edge.yaml, in place of the one before. What fr_config_parse returns. */
static int parse(const char *text)
{
	drop_config();
	why.text[0] = '\0';
	return fr_config_parse("edge.yaml", text, strlen(text), &config, &why);
}

#endif
