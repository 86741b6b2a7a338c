/* A small blocking HTTP client for the admin interface: Unix socket or TCP, with or
 * without TLS. */
#include "cli/admin_client.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/admin_path.h"
#include "command/command.h"
#include "http/fields.h"
#include "http/h1.h"
#include "http/message.h"
#include "net/localhost.h"
#include "net/tls.h"

#define TIMEOUT_S 30
#define HTTPS "https://"

/* One connection. */
struct conn {
	const struct fr_admin_client *c;
	int fd;
	struct fr_tls_client *client; /* reference; NULL: no TLS */
	struct fr_tls *tls;           /* owned */
	struct fr_buf out;            /* ciphertext to be sent */
	uint8_t in[16384];
};

static int complain(const struct fr_admin_client *c, const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s: %s\n", c->command, what, detail);
	return -FR_EXIT_FAILED;
}

/* Nobody answers there. */
static int complain_of_nobody(const struct fr_admin_client *c, const char *where)
{
	const char *reason = strerror(errno);

	fprintf(stderr, "%s: nothing listens at %s (%s); is forerun serve running?%s\n", c->command,
	        where, reason, c->address ? "" : " --admin says where its admin interface is");
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
		int rc = errno == EACCES ? complain(c, path,
		                                    "only its owner may use it (permission "
		                                    "denied)")
		                         : complain_of_nobody(c, path);

		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

/* "HOST:PORT" or "[IPV6]:PORT" into host; the port, or NULL. */
static const char *split_address(const char *address, char *host, size_t cap)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len == 0 || len >= cap)
		return NULL;
	memcpy(host, address, len);
	host[len] = '\0';
	return colon + 1;
}

static int connect_tcp(const struct fr_admin_client *c, const char *address, char *host, size_t cap)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	const char *port = split_address(address, host, cap);
	int fd = -1, rc;

	if (!port) {
		fprintf(stderr, "%s: --admin takes unix:PATH, HOST:PORT or https://HOST:PORT\n",
		        c->command);
		return -FR_EXIT_USAGE;
	}
	rc = getaddrinfo(fr_localhost_node(host), port, &hints, &found);
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
	return fd >= 0 ? fd : complain_of_nobody(c, c->address);
}

static void set_time_limit(int fd)
{
	struct timeval limit = {.tv_sec = TIMEOUT_S};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static int send_all(const struct conn *k, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(k->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return complain(k->c, "cannot ask", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What TLS has to say. */
static int flush(struct conn *k)
{
	int rc = send_all(k, fr_buf_data(&k->out), fr_buf_len(&k->out));

	fr_buf_clear(&k->out);
	return rc;
}

/* More of the peer's bytes into TLS: 1; 0 at the end; negative: complained. */
static int feed(struct conn *k)
{
	ssize_t n = recv(k->fd, k->in, sizeof k->in, 0);

	if (n < 0)
		return complain(k->c, "no answer", strerror(errno));
	fr_tls_feed(k->tls, k->in, (size_t)n);
	return n > 0;
}

static int handshake(struct conn *k, const char *host)
{
	struct fr_tls_problem why;
	int rc, more = 1;

	if (fr_tls_client_new(k->c->ca_file, true, "http/1.1", &k->client, &why) < 0)
		return complain(k->c, k->c->address, why.text);
	k->tls = fr_tls_connect(k->client, host, &k->out);
	do {
		rc = fr_tls_handshake(k->tls);
		if (flush(k) < 0)
			return -FR_EXIT_FAILED;
		if (rc == FR_ERR_AGAIN)
			more = feed(k);
	} while (rc == FR_ERR_AGAIN && more > 0);
	if (more < 0)
		return more;
	return rc == 1 ? 0
	               : complain(k->c, k->c->address,
	                          more == 0 ? "closed the connection: is this TLS?"
	                                    : fr_tls_error_text(k->tls));
}

static void conn_fini(struct conn *k)
{
	fr_tls_free(&k->tls);
	fr_tls_client_unref(&k->client);
	fr_buf_fini(&k->out);
	if (k->fd >= 0)
		close(k->fd);
}

static int open_admin(struct conn *k)
{
	const char *address = k->c->address;
	bool tls = address && strncmp(address, HTTPS, sizeof HTTPS - 1) == 0;
	char path[4096], host[256];

	if (!address) {
		fr_admin_default_path(path, sizeof path);
		k->fd = connect_unix(k->c, path);
	} else if (strncmp(address, "unix:", 5) == 0) {
		k->fd = connect_unix(k->c, address + 5);
	} else {
		k->fd = connect_tcp(k->c, address + (tls ? sizeof HTTPS - 1 : 0), host,
		                    sizeof host);
	}
	if (k->fd < 0)
		return k->fd;
	set_time_limit(k->fd);
	return tls ? handshake(k, host) : 0;
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

static int send_bytes(struct conn *k, const struct fr_buf *text)
{
	if (!k->tls)
		return send_all(k, fr_buf_data(text), fr_buf_len(text));
	if (fr_tls_write(k->tls, fr_buf_data(text), fr_buf_len(text), 0) < 0)
		return complain(k->c, "cannot ask", fr_tls_error_text(k->tls));
	return flush(k);
}

static int send_question(struct conn *k, const char *method, const char *target)
{
	struct fr_arena arena;
	struct fr_request req;
	struct fr_buf out;
	int rc;

	fr_arena_init(&arena, 1u << 20);
	fr_buf_init(&out, 1u << 18);
	fr_request_init(&req, &arena);
	req.method_text = fr_str_from(method);
	req.authority = FR_STR("admin");
	req.target = fr_str_from(target);
	req.content_length = strcmp(method, "POST") == 0 ? 0 : -1;
	rc = add_token(k->c, &req, &arena);
	if (rc == 0 && fr_h1_write_request(&out, &req, "close", NULL) < 0)
		rc = complain(k->c, target, "too long, or with forbidden characters");
	if (rc == 0)
		rc = send_bytes(k, &out);
	fr_buf_fini(&out);
	fr_arena_fini(&arena);
	return rc;
}

/* Plaintext: > 0 bytes, 0 at the end, negative: complained. */
static int64_t read_bytes(struct conn *k, uint8_t *at, size_t cap)
{
	int more = 1;
	int64_t n;

	if (!k->tls) {
		n = recv(k->fd, at, cap, 0);
		return n < 0 ? complain(k->c, "no answer", strerror(errno)) : n;
	}
	do {
		n = fr_tls_read(k->tls, at, cap);
		if (n == FR_ERR_AGAIN)
			more = feed(k);
	} while (n == FR_ERR_AGAIN && more > 0);
	if (n >= 0 || more < 0)
		return n >= 0 ? n : more;
	/* an answer that nobody ended could have been cut */
	return complain(k->c, "no answer",
	                more == 0 ? "the connection was cut" : fr_tls_error_text(k->tls));
}

/* The whole answer, NUL-terminated. */
static int receive(struct conn *k, struct fr_buf *text)
{
	for (;;) {
		uint8_t *at = fr_buf_reserve(text, 65536);
		int64_t n;

		if (!at)
			return complain(k->c, "the answer", "too large");
		n = read_bytes(k, at, 65535);
		if (n < 0)
			return (int)n;
		if (n == 0) {
			at[0] = '\0';
			return 0;
		}
		fr_buf_commit(text, (size_t)n);
	}
}

/* The "error" of an answer of ours, as a reference; NULL: somebody else's answer. */
static json_t *error_of(const char *body)
{
	json_t *all = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	json_t *error = json_incref(json_object_get(all, "error"));

	json_decref(all);
	return error;
}

static int complain_of_answer(const struct fr_admin_client *c, int status, const char *body)
{
	json_t *error = error_of(body);
	const char *words = json_string_value(error);

	if (strstr(body, "speaks TLS"))
		fprintf(stderr, "%s: %s speaks TLS: --admin https://%s\n", c->command, c->address,
		        c->address);
	else if (!words)
		fprintf(stderr, "%s: this is no admin interface of Forerun: %s answered %d\n",
		        c->command, c->address ? c->address : "it", status);
	else if (status == 401 && c->token_file)
		fprintf(stderr, "%s: the token in %s is wrong\n", c->command, c->token_file);
	else if (status == 401)
		fprintf(stderr, "%s: a token is needed: --token-file FILE\n", c->command);
	else
		fprintf(stderr, "%s: %s\n", c->command, words);
	json_decref(error);
	return -FR_EXIT_FAILED;
}

static int take_answer(const struct fr_admin_client *c, const struct fr_buf *text,
                       struct fr_buf *body)
{
	const char *head = (const char *)fr_buf_data(text), *end = strstr(head, "\r\n\r\n");
	int status = 0;

	if (!end || sscanf(head, "HTTP/1.%*1[01] %3d", &status) != 1) {
		fprintf(stderr, "%s: this is no admin interface of Forerun: %s%s\n", c->command,
		        c->address ? c->address : "it",
		        fr_buf_len(text) ? " does not speak HTTP" : " closed the connection");
		return -FR_EXIT_FAILED;
	}
	end += 4;
	if (status != 200)
		return complain_of_answer(c, status, end);
	return fr_buf_append(body, end, strlen(end) + 1) < 0 ? -FR_EXIT_FAILED : 0;
}

int fr_admin_client_ask(const struct fr_admin_client *c, const char *method, const char *target,
                        struct fr_buf *body)
{
	struct conn k = {.c = c, .fd = -1};
	struct fr_buf text;
	int rc;

	fr_buf_init(&k.out, 1u << 18);
	fr_buf_init(&text, FR_ADMIN_CLIENT_MAX_BYTES);
	rc = open_admin(&k);
	if (rc == 0)
		rc = send_question(&k, method, target);
	if (rc == 0)
		rc = receive(&k, &text);
	if (rc == 0)
		rc = take_answer(c, &text, body);
	fr_buf_fini(&text);
	conn_fini(&k);
	return rc;
}
