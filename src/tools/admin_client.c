#include "tools/admin_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/h1.h"
#include "tools/admin_path.h"
#include "tools/command.h"

#define TIMEOUT_S 30

static int complain(const struct fr_admin_client *c, const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s: %s\n", c->command, what, detail);
	return -FR_EXIT_FAILED;
}

/* --- the connection --- */

static int connect_unix(const struct fr_admin_client *c, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof a.sun_path)
		return complain(c, path, "too long");
	memcpy(a.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int rc = complain(c, path, strerror(errno));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

static int connect_tcp(const struct fr_admin_client *c)
{
	const char *colon = strrchr(c->address, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char host[256];
	int fd = -1, rc;

	if (!colon || colon == c->address || (size_t)(colon - c->address) >= sizeof host) {
		fprintf(stderr, "%s: --admin takes unix:PATH or HOST:PORT\n", c->command);
		return -FR_EXIT_USAGE;
	}
	(void)snprintf(host, sizeof host, "%.*s", (int)(colon - c->address), c->address);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0)
		return complain(c, c->address, gai_strerror(rc));
	for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd >= 0 ? fd : complain(c, c->address, strerror(errno));
}

static int open_admin(const struct fr_admin_client *c)
{
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	char path[4096];
	int fd;

	if (!c->address) {
		fr_admin_default_path(path, sizeof path);
		fd = connect_unix(c, path);
	} else if (strncmp(c->address, "unix:", 5) == 0) {
		fd = connect_unix(c, c->address + 5);
	} else {
		fd = connect_tcp(c);
	}
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	}
	return fd;
}

/* --- question and answer --- */

static int add_token(const struct fr_admin_client *c, struct fr_request *req, struct fr_arena *a)
{
	FILE *f = c->token_file ? fopen(c->token_file, "re") : NULL;
	struct fr_str value;
	char line[512];

	if (!c->token_file)
		return 0;
	if (!f || !fgets(line, sizeof line, f)) {
		if (f)
			(void)fclose(f);
		return complain(c, c->token_file, "cannot be read");
	}
	(void)fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	if (fr_arena_printf(a, &value, "Bearer %s", line) < 0 ||
	    fr_fields_add_id(&req->fields, FR_FIELD_AUTHORIZATION, value) < 0)
		return -FR_EXIT_FAILED;
	return 0;
}

static int send_question(const struct fr_admin_client *c, int fd, const char *method,
                         const char *target)
{
	struct fr_arena arena;
	struct fr_request req;
	struct fr_buf out;
	size_t sent = 0;
	int rc;

	fr_arena_init(&arena, 1u << 20);
	fr_buf_init(&out, 1u << 18);
	fr_request_init(&req, &arena);
	req.method_text = fr_str_from(method);
	req.authority = FR_STR("admin");
	req.target = fr_str_from(target);
	req.content_length = strcmp(method, "POST") == 0 ? 0 : -1;
	rc = add_token(c, &req, &arena);
	if (rc == 0 && fr_h1_write_request(&out, &req, "close", NULL) < 0)
		rc = complain(c, target, "too long, or with forbidden characters");
	while (rc == 0 && sent < fr_buf_len(&out)) {
		ssize_t n =
			send(fd, fr_buf_data(&out) + sent, fr_buf_len(&out) - sent, MSG_NOSIGNAL);

		if (n <= 0)
			rc = complain(c, "cannot ask", strerror(errno));
		sent += n > 0 ? (size_t)n : 0;
	}
	fr_buf_fini(&out);
	fr_arena_fini(&arena);
	return rc;
}

/* The whole answer, NUL-terminated. */
static int receive(const struct fr_admin_client *c, int fd, struct fr_buf *text)
{
	for (;;) {
		uint8_t *at = fr_buf_reserve(text, 65536);
		ssize_t n;

		if (!at)
			return complain(c, "the answer", "too large");
		n = recv(fd, at, 65535, 0);
		if (n < 0)
			return complain(c, "no answer", strerror(errno));
		if (n == 0) {
			at[0] = '\0';
			return 0;
		}
		fr_buf_commit(text, (size_t)n);
	}
}

static int take_answer(const struct fr_admin_client *c, const struct fr_buf *text,
                       struct fr_buf *body)
{
	const char *head = (const char *)fr_buf_data(text), *end = strstr(head, "\r\n\r\n");
	int status = 0;

	if (!end || sscanf(head, "HTTP/1.1 %3d", &status) != 1)
		return complain(c, "no answer", "is this an admin interface?");
	end += 4;
	if (status != 200) {
		fprintf(stderr, "%s: %s", c->command, end);
		return -FR_EXIT_FAILED;
	}
	return fr_buf_append(body, end, strlen(end) + 1) < 0 ? -FR_EXIT_FAILED : 0;
}

int fr_admin_client_ask(const struct fr_admin_client *c, const char *method, const char *target,
                        struct fr_buf *body)
{
	struct fr_buf text;
	int fd = open_admin(c), rc;

	if (fd < 0)
		return fd;
	fr_buf_init(&text, FR_ADMIN_CLIENT_MAX_BYTES);
	rc = send_question(c, fd, method, target);
	if (rc == 0)
		rc = receive(c, fd, &text);
	if (rc == 0)
		rc = take_answer(c, &text, body);
	fr_buf_fini(&text);
	close(fd);
	return rc;
}
