/* The filter of system calls of the serving process. */
#ifndef FR_CLI_SERVE_SECCOMP_H
#define FR_CLI_SERVE_SECCOMP_H

#include "base/err.h"

/* In the serving process, before it has threads: system calls that serving needs work from
 * here on, others fail with ENOSYS, and those that only an intruder would make end the
 * process. Nothing under a sanitizer, which needs more. 0; FR_ERR_UNSUPPORTED: not on this kernel. */
int fr_seccomp_filter(void) FR_MUST_USE;

#endif
