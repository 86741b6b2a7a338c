/* A configuration from a file or from arguments, and what is set in it afterwards. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "config/config_priv.h"
#include "config/files.h"

/* --- from a file --- */

static int parse(const char *name, struct fr_str file, struct fr_files *files,
                 struct fr_config **out, struct fr_config_problem *why)
{
	const char *text = file.p;
	size_t len = file.len;
	struct fr_source source = {
		.name = name, .text = text, .len = len, .why = why, .files = files};
	struct fr_raw *raw = NULL;
	int rc;

	if (memchr(text, '\0', len)) {
		(void)snprintf(why->text, sizeof why->text, "%s:1: not a text file", name);
		return FR_ERR_SYNTAX;
	}
	rc = fr_raw_parse(name, text, len, &raw, why);
	if (rc == 0)
		rc = fr_config_convert(&source, raw, out);
	fr_raw_free(&raw);
	return rc;
}

int fr_config_parse(const char *name, const char *text, size_t len, struct fr_config **out,
                    struct fr_config_problem *why)
{
	struct fr_files *files = fr_files_new();
	int rc = parse(name, fr_str_make(text, len), files, out, why);

	fr_files_unref(&files);
	return rc;
}

static int load(const char *file, struct fr_files *files, struct fr_config **out,
                struct fr_config_problem *why)
{
	struct fr_str text = {0};

	if (fr_files_get(files, file, &text) < 0) {
		(void)snprintf(why->text, sizeof why->text, "cannot read %s: %s", file,
		               errno == EFBIG ? "larger than 1 MiB" : strerror(errno));
		return FR_ERR_IO;
	}
	return parse(file, text, files, out, why);
}

int fr_config_load(const char *file, struct fr_files *files, struct fr_config **out,
                   struct fr_config_problem *why)
{
	struct fr_files *own = files ? NULL : fr_files_new();
	int rc = load(file, files ? files : own, out, why);

	fr_files_unref(&own);
	return rc;
}

int fr_config_read(const struct fr_config *c, const char *path, struct fr_str *out)
{
	return fr_files_get(c->files, path, out);
}

static int read_key_pair(const struct fr_config *c, const char *cert, const char *key,
                         struct fr_config_problem *why)
{
	struct fr_str text;
	const char *failed = NULL;

	if (cert && fr_config_read(c, cert, &text) < 0)
		failed = cert;
	else if (key && fr_config_read(c, key, &text) < 0)
		failed = key;
	if (!failed)
		return 0;
	(void)snprintf(why->text, sizeof why->text, "%s: cannot use %s %s: %s", c->source,
	               failed == cert ? "certificate" : "key", failed, strerror(errno));
	return FR_ERR_IO;
}

int fr_config_read_keys(const struct fr_config *c, struct fr_config_problem *why)
{
	int rc = read_key_pair(c, c->cert_file, c->key_file, why);

	if (rc == 0)
		rc = read_key_pair(c, c->admin.cert_file, c->admin.key_file, why);
	for (size_t i = 0; rc == 0 && i < c->n_sites; i++)
		rc = read_key_pair(c, c->sites[i].cert_file, c->sites[i].key_file, why);
	return rc;
}

void fr_config_each_secret(const struct fr_config *c, void (*visit)(void *user, const char *path),
                           void *user)
{
	if (c->key_file)
		visit(user, c->key_file);
	if (c->admin.key_file)
		visit(user, c->admin.key_file);
	if (c->admin.token_file)
		visit(user, c->admin.token_file);
	for (size_t i = 0; i < c->n_sites; i++)
		if (c->sites[i].key_file)
			visit(user, c->sites[i].key_file);
}

void fr_config_default_admin(struct fr_config *c, const char *path)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners]; /* there is room for it */
	char text[4200];

	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].is_admin)
			return;
	if (c->admin.is_off)
		return;
	(void)snprintf(text, sizeof text, "unix:%s", path);
	*l = (struct fr_config_listener){.text = fr_str_dup(fr_str_from(text)),
	                                 .is_admin = true,
	                                 .is_optional = true,
	                                 .kind = FR_ADDRESS_UNIX,
	                                 .path = fr_str_dup(fr_str_from(path))};
	c->n_listeners++;
}

void fr_config_default_hint_file(struct fr_config *c, const char *path)
{
	if (!c->hint_memory.file && !c->hint_memory.no_file)
		c->hint_memory.file = fr_str_dup(fr_str_from(path));
}

void fr_config_loopback_admin(struct fr_config *c, const char *token)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners++]; /* there is room for it */

	c->admin.token = fr_str_dup(fr_str_from(token));
	*l = (struct fr_config_listener){.text = fr_str_dup(FR_STR("127.0.0.1:0")),
	                                 .is_admin = true,
	                                 .kind = FR_ADDRESS_INET,
	                                 .host = fr_str_dup(FR_STR("127.0.0.1"))};
}

/* --- from arguments --- */

static char *text_of(const char *s)
{
	return (char *)(uintptr_t)s; /* read only, see below */
}

/* Puts the arguments into the form of a file, so that one code judges both.
 * Nothing in it is changed or freed by the conversion. */
int fr_config_from_args(const struct fr_config_args *args, struct fr_config **out,
                        struct fr_config_problem *why)
{
	struct fr_files *own = args->files ? NULL : fr_files_new();
	struct fr_source source = {
		.name = "command line", .why = why, .files = own ? own : args->files};
	size_t n = args->n_listen + args->n_listen_plain;
	struct fr_raw_listener *listeners = fr_calloc(n, sizeof *listeners);
	char *any = text_of("*"), workers[16];
	struct fr_raw_tls tls = {.certificate = text_of(args->cert_file),
	                         .key = text_of(args->key_file)};
	struct fr_raw_origin origin = {.url = text_of(args->origin)};
	struct fr_raw_cache no_cache = {.enabled = text_of("false")};
	struct fr_raw_site site = {.hosts = &any,
	                           .hosts_count = 1,
	                           .origin = &origin,
	                           .cache = args->no_cache ? &no_cache : NULL};
	struct fr_raw_access_log access_log = {.file = text_of(args->access_log)};
	struct fr_raw raw = {.workers = workers,
	                     .access_log = args->access_log ? &access_log : NULL,
	                     .listen = listeners,
	                     .listen_count = (unsigned)n,
	                     .tls = &tls,
	                     .sites = &site,
	                     .sites_count = 1};
	int rc;

	(void)snprintf(workers, sizeof workers, "%u", args->workers);
	for (size_t i = 0; i < args->n_listen; i++)
		listeners[i] = (struct fr_raw_listener){text_of(args->listen[i]), NULL};
	for (size_t i = 0; i < args->n_listen_plain; i++)
		listeners[args->n_listen + i] =
			(struct fr_raw_listener){text_of(args->listen_plain[i]), text_of("false")};
	rc = fr_config_convert(&source, &raw, out);
	fr_files_unref(&own);
	free(listeners);
	return rc;
}
