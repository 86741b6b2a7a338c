#include "cli/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/serve/privileges.h"
#include "cli/warnings.h"
#include "command/command.h"
#include "config/config.h"
#include "net/tls.h"

static const char help[] =
	"usage: forerun check FILE\n"
	"       forerun check --config FILE\n"
	"\n"
	"Validates a configuration file and the files that it names (certificates,\n"
	"keys, authorities), without starting anything. Reports errors by file, line\n"
	"and key.\n"
	"\n"
	"exit codes: 0 valid; 1 has errors; 2 wrong usage\n"
	"\n"
	"example: forerun check edge.yaml\n";

static void warn(const char *text)
{
	fprintf(stderr, "forerun check: warning: %s\n", text);
}

static int check_pair(const char *cert, const char *key, struct fr_tls_problem *why)
{
	struct fr_tls_cert_spec spec = {.cert_file = cert, .key_file = key};
	struct fr_tls_server *s = NULL;
	int rc;

	if (!cert)
		return 0;
	rc = fr_tls_server_new(&spec, 1, 12, true, NULL, &s, why);
	fr_tls_server_unref(&s);
	return rc;
}

static int check_origin(const struct fr_config_origin *o, struct fr_tls_problem *why)
{
	struct fr_tls_client *c = NULL;
	int rc;

	if (!o->tls)
		return 0;
	rc = fr_tls_client_new(o->ca_file, o->verify, "http/1.1", &c, why);
	fr_tls_client_unref(&c);
	return rc;
}

static int check_files(const struct fr_config *c, struct fr_tls_problem *why)
{
	int rc = check_pair(c->cert_file, c->key_file, why);

	if (rc == 0)
		rc = check_pair(c->admin.cert_file, c->admin.key_file, why);

	for (size_t i = 0; rc == 0 && i < c->n_sites; i++) {
		rc = check_pair(c->sites[i].cert_file, c->sites[i].key_file, why);
		if (rc == 0)
			rc = check_origin(&c->sites[i].origin, why);
	}
	return rc;
}

static int check(const char *file)
{
	struct fr_config_problem why;
	struct fr_tls_problem tls;
	struct fr_identity identity;
	struct fr_config *c = NULL;

	if (fr_config_load(file, NULL, &c, &why) < 0) {
		fprintf(stderr, "forerun check: %s\n", why.text);
		return FR_EXIT_FAILED;
	}
	if (check_files(c, &tls) < 0) {
		fprintf(stderr, "forerun check: %s: %s\n", file, tls.text);
		fr_config_unref(&c);
		return FR_EXIT_FAILED;
	}
	if (fr_identity_find(c, &identity, &why) < 0) {
		fprintf(stderr, "forerun check: %s\n", why.text);
		fr_config_unref(&c);
		return FR_EXIT_FAILED;
	}
	fr_config_warn(c, warn);
	printf("%s: ok (%zu listener%s, %zu site%s)\n", file, c->n_listeners,
	       c->n_listeners == 1 ? "" : "s", c->n_sites, c->n_sites == 1 ? "" : "s");
	fr_config_unref(&c);
	return FR_EXIT_OK;
}

int fr_tool_check(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return FR_EXIT_OK;
	}
	if (argc == 3 && strcmp(argv[1], "--config") == 0)
		return check(argv[2]);
	if (argc == 2 && argv[1][0] != '-')
		return check(argv[1]);
	fprintf(stderr, "forerun check: one configuration file is needed; see 'forerun check "
	                "--help'\n");
	return FR_EXIT_USAGE;
}
