/* The rights of the serving process: `user` and `group` of the configuration, no new
 * privileges, no capabilities, private memory; seccomp.h filters system calls. The parent keeps
 * its rights, for ports and keys. The serving process gives them up for good, before it has
 * read anything from the network. */
#ifndef FR_CLI_SERVE_PRIVILEGES_H
#define FR_CLI_SERVE_PRIVILEGES_H

#include <sys/types.h>

#include "config/config.h"

struct fr_identity {
	bool is_other; /* than what this process is: there is something to change to */
	char name[64]; /* of the user, for its further groups */
	uid_t uid;
	gid_t gid;
};

/* Whom the configuration wants the serving process to be. 0; FR_ERR_INVALID with *why filled:
 * no such user or group. */
int fr_identity_find(const struct fr_config *c, struct fr_identity *out,
                     struct fr_config_problem *why) FR_MUST_USE;
/* In the parent: gives that user the folder of the default state files and a new access log, so
 * that both can be written. What exists already stays as it is. */
void fr_identity_prepare(const struct fr_identity *id, const struct fr_config *c);

/* In every process of serve: no program that it starts can have more rights, and (unless
 * security.core_dumps) its memory cannot be read by others of its user, nor dumped. */
void fr_privileges_harden(const struct fr_config *c);
/* In the serving process, before it has threads: becomes id, without capabilities. 0;
 * FR_ERR_REFUSED with *why filled. */
int fr_privileges_drop(const struct fr_identity *id, struct fr_config_problem *why) FR_MUST_USE;

#endif
