/* Starts an edge per variant, with a configuration made for it. */
#include "lab/profile/edge.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/config.h"
#include "server/local_tls.h"
#include "server/server.h"

struct fr_edge {
	struct fr_server *server; /* owned */
};

static const struct {
	const char *push, *early_hints;
} settings[FR_VARIANT_COUNT] = {
	[FR_VARIANT_OFF] = {"false", "off"},
	[FR_VARIANT_PUSH] = {"true", "off"},
	[FR_VARIANT_EARLY_HINTS] = {"false", "auto"},
};

static int append(struct fr_buf *b, const char *text)
{
	return fr_buf_append(b, text, strlen(text));
}

/* The rules are a part of the site: two levels in. */
static int append_rules(struct fr_buf *b, const char *rules)
{
	struct fr_str rest = fr_str_from(rules);
	int rc = 0;

	while (rc == 0 && rest.len) {
		size_t n = fr_str_find(rest, '\n');
		struct fr_str line = fr_str_sub(rest, 0, n);

		if (!fr_str_starts(line, FR_STR("---")) && line.len) {
			rc = append(b, "    ");
			if (rc == 0)
				rc = fr_buf_append(b, line.p, line.len);
			if (rc == 0)
				rc = append(b, "\n");
		}
		rest = fr_str_sub(rest, n + 1, rest.len);
	}
	return rc;
}

static int write_config(struct fr_buf *b, const struct fr_edge_spec *spec)
{
	char text[4096];
	int n = snprintf(text, sizeof text,
	                 "workers: 1\n"
	                 "admin: {listen: none}\n"
	                 "hint_memory: {file: none}\n"
	                 "listen:\n"
	                 "  - address: \"%s:0\"\n"
	                 "sites:\n"
	                 "  - hosts: [\"*\"]\n"
	                 "    origin: {url: \"%s\", verify: %s}\n"
	                 /* the one load that warms up is to teach, also of a personal page */
	                 "    hints: {push: %s, early_hints: \"%s\", witnesses: 1}\n",
	                 spec->address, spec->origin, spec->verify ? "true" : "false",
	                 settings[spec->variant].push, settings[spec->variant].early_hints);

	if (n < 0 || (size_t)n >= sizeof text)
		return FR_ERR_LIMIT;
	return append(b, text) < 0 ? FR_ERR_LIMIT : append_rules(b, spec->rules);
}

static int parse(const struct fr_edge_spec *spec, struct fr_config **out,
                 struct fr_config_problem *why)
{
	struct fr_buf b;
	int rc;

	fr_buf_init(&b, 2 * FR_EDGE_RULES_BYTES);
	rc = write_config(&b, spec);
	if (rc < 0)
		(void)snprintf(why->text, sizeof why->text, "the rules are too long");
	else
		rc = fr_config_parse("the edge's configuration", (const char *)fr_buf_data(&b),
		                     fr_buf_len(&b), out, why);
	fr_buf_fini(&b);
	return rc;
}

int fr_edge_start(const struct fr_edge_spec *spec, struct fr_local_ca *ca, struct fr_edge **out,
                  char *why, size_t cap)
{
	struct fr_config_problem problem = {{0}};
	struct fr_config *config = NULL;
	struct fr_server *server = NULL;
	sigset_t all, old;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = parse(spec, &config, &problem);
	if (rc == 0) {
		config->path_source = spec->path_source;
		rc = fr_local_tls_apply(config, false, ca, &problem);
	}
	if (rc == 0)
		rc = fr_server_start(config, NULL, &server, &problem);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	fr_config_unref(&config);
	if (rc < 0) {
		(void)snprintf(why, cap, "%s", problem.text);
		return rc;
	}
	*out = fr_calloc(1, sizeof **out);
	(*out)->server = server;
	return 0;
}

uint16_t fr_edge_port(const struct fr_edge *e)
{
	return fr_server_port(e->server, 0);
}

size_t fr_edge_stop(struct fr_edge **ep)
{
	struct fr_edge *e = *ep;
	size_t left;

	if (!e)
		return 0;
	fr_server_stop(e->server);
	fr_server_stop(e->server);
	left = fr_server_join(&e->server);
	free(e);
	*ep = NULL;
	return left;
}

int fr_edge_read_rules(const char *file, char **out, char *why, size_t cap)
{
	struct fr_config_problem problem;
	struct fr_config *config = NULL;
	struct fr_edge_spec spec = {.address = "127.0.0.1", .origin = "http://127.0.0.1:1"};
	FILE *f = fopen(file, "r");
	char *text;
	size_t n;
	int rc;

	if (!f) {
		(void)snprintf(why, cap, "%s: %s", file, strerror(errno));
		return FR_ERR_IO;
	}
	text = fr_calloc(1, FR_EDGE_RULES_BYTES + 1);
	n = fread(text, 1, FR_EDGE_RULES_BYTES, f);
	text[n] = '\0';
	(void)fclose(f);
	spec.rules = text;
	rc = parse(&spec, &config, &problem);
	fr_config_unref(&config);
	if (rc < 0) {
		(void)snprintf(why, cap, "%s: %s", file, problem.text);
		free(text);
		return rc;
	}
	*out = text;
	return 0;
}
