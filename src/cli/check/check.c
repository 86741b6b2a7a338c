/* The command check: reads a configuration and loads the files that it names. */
#include "cli/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "cli/serve/privileges.h"
#include "cli/warnings.h"
#include "command/command.h"
#include "command/options.h"
#include "config/config.h"
#include "net/tls.h"
#include "net/tls_check.h"

static const char help[] =
	"usage: forerun check FILE\n"
	"       forerun check --config FILE\n"
	"\n"
	"Validates a configuration file and the files that it names (certificates,\n"
	"keys, authorities), without starting anything. Reports errors by file, line\n"
	"and key. A certificate must be valid today and belong to its key. A host that\n"
	"it does not name, or an end within 14 days, is a warning.\n"
	"\n"
	"exit codes: 0 valid; 1 has errors; 2 wrong usage\n"
	"\n"
	"example: forerun check edge.yaml\n";

static void warn(const char *text)
{
	fprintf(stderr, "forerun check: warning: %s\n", text);
}

struct findings {
	const char *file; /* borrowed: the configuration's */
	size_t faults;
};

static void on_fault(void *user, enum fr_tls_fault_kind kind, const char *text)
{
	struct findings *f = user;

	if (kind == FR_TLS_WARNING) {
		warn(text);
		return;
	}
	f->faults++;
	fprintf(stderr, "forerun check: %s: %s\n", f->file, text);
}

static void check_pair(struct findings *f, const char *cert, const char *key, char *const *hosts,
                       size_t n_hosts)
{
	struct fr_tls_cert_spec spec = {.hosts = (const char *const *)hosts,
	                                .n_hosts = n_hosts,
	                                .cert_file = cert,
	                                .key_file = key};

	if (cert)
		fr_tls_check(&spec, (int64_t)time(NULL), on_fault, f);
}

static void check_origin(struct findings *f, const struct fr_config_origin *o)
{
	struct fr_tls_client *c = NULL;
	struct fr_tls_problem why;

	if (o->tls && fr_tls_client_new(o->ca_file, o->verify, "http/1.1", &c, &why) < 0)
		on_fault(f, FR_TLS_FAULT, why.text);
	fr_tls_client_unref(&c);
}

/* The sites without a certificate of their own have the default one. */
static void check_default(struct findings *f, const struct fr_config *c)
{
	size_t n = 0;
	char **hosts;

	for (size_t i = 0; i < c->n_sites; i++)
		n += c->sites[i].n_hosts;
	hosts = fr_calloc(n + 1, sizeof *hosts);
	n = 0;
	for (size_t i = 0; i < c->n_sites; i++)
		for (size_t h = 0; !c->sites[i].cert_file && h < c->sites[i].n_hosts; h++)
			hosts[n++] = c->sites[i].hosts[h];
	check_pair(f, c->cert_file, c->key_file, hosts, n);
	free(hosts);
}

/* All that is wrong is said at once. */
static size_t check_files(const char *file, const struct fr_config *c)
{
	struct findings f = {.file = file};

	check_default(&f, c);
	check_pair(&f, c->admin.cert_file, c->admin.key_file, NULL, 0);
	for (size_t i = 0; i < c->n_sites; i++) {
		const struct fr_config_site *s = &c->sites[i];

		check_pair(&f, s->cert_file, s->key_file, s->hosts, s->n_hosts);
		check_origin(&f, &s->origin);
	}
	return f.faults;
}

static int check(const char *file)
{
	struct fr_config_problem why;
	struct fr_identity identity;
	struct fr_config *c = NULL;

	if (fr_config_load(file, NULL, &c, &why) < 0) {
		fprintf(stderr, "forerun check: %s\n", why.text);
		return FR_EXIT_FAILED;
	}
	if (check_files(file, c) > 0) {
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

struct options {
	const char *config; /* NULL: the file is an argument */
};

static const struct fr_option known[] = {
	FR_TEXT_OPTION("config", offsetof(struct options, config)),
};

static const struct fr_command_line line = {.command = "check",
                                            .help = help,
                                            .options = known,
                                            .n_options = FR_ARRAY_LEN(known),
                                            .max_arguments = 1};

int fr_tool_check(int argc, char **argv)
{
	struct options o = {0};
	int first, rc = fr_options_read(&line, argc, argv, &o, &first);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	if ((first < argc) == (o.config != NULL))
		return -fr_usage("check", "one configuration file is needed", "");
	return check(o.config ? o.config : argv[first]);
}
