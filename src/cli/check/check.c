/* The command check: reads a configuration and loads the files that it names. */
#include "cli/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	"keys, authorities), without starting anything. Reports all errors at once, by\n"
	"file, line and key. A certificate must be valid today and belong to its key. A\n"
	"host that it does not name, or an end within 14 days, is a warning.\n"
	"\n"
	"  --config FILE  the same as FILE\n"
	"  --help         this text\n"
	"\n"
	"exit codes: 0 valid; 1 has errors; 2 wrong usage\n"
	"\n"
	"example: forerun check edge.yaml\n";

static void warn(const char *text)
{
	fprintf(stderr, "forerun check: warning: %s\n", text);
}

static void on_config_fault(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "forerun check: %s\n", text);
}

struct findings {
	const struct fr_config *config; /* borrowed */
	const char *path;               /* of what is looked at: "sites[0].tls" */
	size_t faults;
};

static void on_fault(void *user, enum fr_tls_fault_kind kind, const char *key, const char *text)
{
	struct findings *f = user;
	char path[80], where[4400];

	(void)snprintf(path, sizeof path, "%s.%s", f->path, key);
	fr_config_where(f->config, path, where, sizeof where);
	f->faults += kind == FR_TLS_FAULT;
	fprintf(stderr, "forerun check: %s%s: %s\n", kind == FR_TLS_FAULT ? "" : "warning: ", where,
	        text);
}

/* The hosts that have the default certificate. Owned, as an array. */
static const char **default_hosts(const struct fr_config *c, size_t *n)
{
	size_t room = 1;
	const char **hosts;

	for (size_t i = 0; i < c->n_sites; i++)
		room += c->sites[i].n_hosts;
	hosts = fr_calloc(room, sizeof *hosts);
	*n = 0;
	for (size_t i = 0; i < c->n_sites; i++)
		for (size_t h = 0; !c->sites[i].cert_file && h < c->sites[i].n_hosts; h++)
			hosts[(*n)++] = c->sites[i].hosts[h];
	return hosts;
}

static bool read_file(struct findings *f, const char *key, const char *file, struct fr_str *out)
{
	char text[600];

	if (fr_config_read(f->config, file, out) == 0)
		return true;
	(void)snprintf(text, sizeof text, "cannot use %s %.400s: %s", key, file, strerror(errno));
	on_fault(f, FR_TLS_FAULT, key, text);
	return false;
}

static void check_pair(void *user, const struct fr_config_pair *pair)
{
	struct findings *f = user;
	struct fr_tls_cert_spec spec = {.cert_file = pair->cert_file, .key_file = pair->key_file};
	bool is_default = strcmp(pair->path, "tls") == 0;
	const char **hosts = is_default ? default_hosts(f->config, &spec.n_hosts) : NULL;
	bool has_cert, has_key;

	if (pair->site)
		spec.n_hosts = pair->site->n_hosts;
	spec.hosts = pair->site ? (const char *const *)pair->site->hosts : hosts;
	f->path = pair->path;
	has_cert = read_file(f, "certificate", pair->cert_file, &spec.cert_pem);
	has_key = read_file(f, "key", pair->key_file, &spec.key_pem);
	if (!has_cert || !has_key) {
		free(hosts);
		return;
	}
	fr_tls_check(&spec, (int64_t)time(NULL), on_fault, f);
	free(hosts);
}

static void check_origin(struct findings *f, size_t site)
{
	const struct fr_config_origin *o = &f->config->sites[site].origin;
	struct fr_tls_client *c = NULL;
	struct fr_tls_problem why;
	char path[40];

	(void)snprintf(path, sizeof path, "sites[%zu].origin", site);
	f->path = path;
	if (o->tls && fr_tls_client_new(o->ca_file, o->verify, "http/1.1", &c, &why) < 0)
		on_fault(f, FR_TLS_FAULT, "ca", why.text);
	f->path = NULL;
	fr_tls_client_unref(&c);
}

/* All that is wrong is said at once. c: NULL if nothing could be read. */
static size_t check_files(const struct fr_config *c)
{
	struct findings f = {.config = c};
	struct fr_identity identity;
	struct fr_config_problem why;

	if (!c)
		return 0;
	fr_config_each_pair(c, check_pair, &f);
	for (size_t i = 0; i < c->n_sites; i++)
		check_origin(&f, i);
	if (fr_identity_find(c, &identity, &why) < 0) {
		on_config_fault(NULL, why.text);
		f.faults++;
	}
	return f.faults;
}

static int check(const char *file)
{
	struct fr_config *c = NULL;
	size_t listed = 0, faults = fr_config_examine(file, on_config_fault, NULL, &c);

	if (faults > FR_CONFIG_MAX_FAULTS)
		fprintf(stderr, "forerun check: %s: and %zu more faults\n", file,
		        faults - FR_CONFIG_MAX_FAULTS);
	listed = faults + check_files(c);
	if (listed == 0) {
		fr_config_warn(c, warn);
		printf("%s: ok (%zu listener%s, %zu site%s)\n", file, c->n_listeners,
		       c->n_listeners == 1 ? "" : "s", c->n_sites, c->n_sites == 1 ? "" : "s");
	}
	fr_config_unref(&c);
	return listed ? FR_EXIT_FAILED : FR_EXIT_OK;
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
