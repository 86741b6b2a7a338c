/* Changes the user, drops capabilities and forbids new ones. */
#include "cli/serve/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/state_path.h"

/* --- who --- */

static int complain(struct fr_config_problem *why, const struct fr_config *c, const char *key,
                    const char *name, const char *what)
{
	(void)snprintf(why->text, sizeof why->text, "%s: %s: '%s': %s", c->source, key, name, what);
	return FR_ERR_INVALID;
}

int fr_identity_find(const struct fr_config *c, struct fr_identity *out,
                     struct fr_config_problem *why)
{
	struct fr_identity id = {.uid = geteuid(), .gid = getegid()};
	const struct passwd *user;
	const struct group *group;

	if (c->user) {
		user = getpwnam(c->user);
		if (!user)
			return complain(why, c, "user", c->user, "no such user");
		id.uid = user->pw_uid;
		id.gid = user->pw_gid;
		(void)snprintf(id.name, sizeof id.name, "%s", c->user);
	}
	if (c->group) {
		group = getgrnam(c->group);
		if (!group)
			return complain(why, c, "group", c->group, "no such group");
		id.gid = group->gr_gid;
	}
	id.is_other = id.uid != geteuid() || id.gid != getegid();
	*out = id;
	return 0;
}

static void give_folder(const struct fr_identity *id)
{
	char path[4096], *slash;
	struct stat st;

	if (!fr_state_default_path("hints.db", path, sizeof path))
		return;
	slash = strrchr(path, '/');
	*slash = '\0';
	/* by its owner: a folder that somebody else has made is his */
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		(void)!lchown(path, id->uid, id->gid);
}

/* Nobody but us can change what is in the file's folder: a path through somebody else's folder
 * can lead anywhere. */
static bool is_our_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	char folder[4096];
	struct stat st;
	int n = slash ? snprintf(folder, sizeof folder, "%.*s", (int)(slash - file + 1), file)
	              : snprintf(folder, sizeof folder, ".");

	return n > 0 && (size_t)n < sizeof folder && stat(folder, &st) == 0 &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

void fr_identity_prepare(const struct fr_identity *id, const struct fr_config *c)
{
	const char *log = c->access_log.file;
	int fd;

	if (!id->is_other)
		return;
	give_folder(id);
	if (!log || strcmp(log, "-") == 0 || !is_our_folder(log))
		return;
	fd = open(log, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0)
		return; /* it is there, or cannot be made: who opens it says so */
	(void)!fchown(fd, id->uid, id->gid);
	close(fd);
}

/* --- less --- */

void fr_privileges_harden(const struct fr_config *c)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, c->security.core_dumps ? 1 : 0, 0, 0, 0);
}

/* All of them, for good; as root's children have them, too. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0;
}

static void drop_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

int fr_privileges_drop(const struct fr_identity *id, struct fr_config_problem *why)
{
	pid_t parent = getppid();
	bool ok = true;

	if (id->is_other) {
		drop_bounding_set();
		ok = initgroups(id->name, id->gid) == 0 &&
		     setresgid(id->gid, id->gid, id->gid) == 0 &&
		     setresuid(id->uid, id->uid, id->uid) == 0;
		/* the way back must be closed */
		ok = ok && (id->uid == 0 || setuid(0) < 0);
	}
	if (ok && geteuid() != 0)
		ok = drop_capabilities();
	if (!ok) {
		(void)snprintf(why->text, sizeof why->text, "cannot become user %s: %s", id->name,
		               strerror(errno));
		return FR_ERR_REFUSED;
	}
	/* another user is another process to the kernel: it forgot that this one ends with its
	 * parent, and that its memory is private */
	if (id->is_other)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (id->is_other && getppid() != parent)
		_exit(1);
	return 0;
}
