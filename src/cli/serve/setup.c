/* What serving needs before it starts: configuration, signals, descriptors. */
#include "cli/serve/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/admin_path.h"
#include "cli/state_path.h"
#include "config/files.h"
#include "server/local_tls.h"

#define SYSTEM_STATE "/var/lib/forerun"

/* Another user cannot write into root's home. The serving process inherits what is set here. */
static void use_system_state(void)
{
	if (geteuid() != 0 || getenv("STATE_DIRECTORY") || getenv("XDG_STATE_HOME"))
		return;
	(void)mkdir(SYSTEM_STATE, 0750);
	(void)setenv("STATE_DIRECTORY", SYSTEM_STATE, 1);
}

int fr_serve_load(const struct fr_serve_options *o, struct fr_files *files, struct fr_config **out,
                  struct fr_local_ca *ca, struct fr_config_problem *why)
{
	struct fr_config_args args = o->args;
	enum fr_log_level level;
	char path[4096];
	int rc;

	args.files = files;
	rc = o->config_file ? fr_config_load(o->config_file, files, out, why)
	                    : fr_config_from_args(&args, out, why);
	if (rc < 0)
		return rc;
	if ((*out)->user)
		use_system_state();
	fr_admin_default_path(path, sizeof path);
	fr_config_default_admin(*out, path);
	if (fr_state_default_path("hints.db", path, sizeof path))
		fr_config_default_hint_file(*out, path);
	/* the parent has made and read them */
	rc = fr_local_tls_apply(*out, files && fr_files_is_closed(files), ca, why);
	if (rc == 0)
		rc = fr_config_read_keys(*out, why);
	if (rc < 0) {
		fr_config_unref(out);
		return rc;
	}
	if (fr_log_level_parse(o->log_level ? o->log_level : (*out)->log_level, &level) == 0)
		fr_log_set_level(level);
	return 0;
}

void fr_serve_block_signals(sigset_t *set, sigset_t *old)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGUSR1);
	(void)sigaddset(set, SIGUSR2);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)pthread_sigmask(SIG_BLOCK, set, old);
}

void fr_serve_raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}
