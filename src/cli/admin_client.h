/* Asks a running edge's admin interface, for purge, status and top. One connection per
 * request; blocking. Errors are printed to standard error, in the name of the command. */
#ifndef FR_CLI_ADMIN_CLIENT_H
#define FR_CLI_ADMIN_CLIENT_H

#include "base/buf.h"

/* An answer is not larger. */
#define FR_ADMIN_CLIENT_MAX_BYTES (16u << 20)

struct fr_admin_client {
	const char *command; /* "forerun purge" */
	/* unix:PATH, HOST:PORT or https://HOST:PORT; NULL: the default path */
	const char *address;
	const char *token_file; /* NULL: none */
	const char *ca_file;    /* https: PEM, whom to trust; NULL: the system's authorities */
};

/* method: "GET" or "POST"; target: path and query, encoded. The answer's body
 * (appended to `body`, NUL behind it) if its status is 200: 0. Else a negative enum
 * fr_exit. */
int fr_admin_client_ask(const struct fr_admin_client *c, const char *method, const char *target,
                        struct fr_buf *body) FR_MUST_USE;

#endif
