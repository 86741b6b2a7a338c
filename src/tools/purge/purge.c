#include "tools/purge/purge.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/h1.h"
#include "tools/admin_path.h"
#include "tools/command.h"

#define TIMEOUT_S 30
#define ANSWER_BYTES 8192u

static const char help[] =
	"usage: forerun purge [OPTION...] URL...\n"
	"       forerun purge [OPTION...] --prefix URL | --tag TAG | --site HOST | --all\n"
	"\n"
	"Takes responses out of a running edge's cache, by its admin interface\n"
	"(admin.listen in its configuration).\n"
	"\n"
	"  --prefix URL       everything that begins with it\n"
	"  --tag TAG          everything that Cache-Tag or Surrogate-Key marks so\n"
	"  --site HOST        everything of that host\n"
	"  --all              everything\n"
	"  --soft             mark stale instead: validated before it is served again\n"
	"  --admin ADDRESS    unix:PATH or HOST:PORT; without it $XDG_RUNTIME_DIR/forerun.sock\n"
	"                     or /run/forerun.sock, where serve listens by default\n"
	"  --token-file FILE  the token, for an interface over TCP\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done (how much was purged is printed); 1 it failed; 2 wrong usage\n"
	"\n"
	"example: forerun purge --tag article-17 --soft\n";

struct options {
	const char *admin, *token_file;
	const char *name, *value; /* the one parameter; NULL: URLs follow */
	bool soft;
};

static int usage(const char *what)
{
	fprintf(stderr, "forerun purge: %s; see 'forerun purge --help'\n", what);
	return -FR_EXIT_USAGE;
}

enum { PREFIX, TAG, SITE, ALL, SOFT, ADMIN, TOKEN_FILE, HELP };

static int set_parameter(struct options *o, const char *name, const char *value)
{
	if (o->name)
		return usage("only one of --prefix, --tag, --site and --all");
	o->name = name;
	o->value = value;
	return 0;
}

static int take_option(struct options *o, int c)
{
	switch (c) {
	case PREFIX:
		return set_parameter(o, "prefix", optarg);
	case TAG:
		return set_parameter(o, "tag", optarg);
	case SITE:
		return set_parameter(o, "site", optarg);
	case ALL:
		return set_parameter(o, "all", "1");
	case SOFT:
		o->soft = true;
		return 0;
	case ADMIN:
		o->admin = optarg;
		return 0;
	case TOKEN_FILE:
		o->token_file = optarg;
		return 0;
	case HELP:
		fputs(help, stdout);
		return 1;
	default:
		return usage("unknown option or missing value");
	}
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"prefix", required_argument, NULL, PREFIX},
	                                      {"tag", required_argument, NULL, TAG},
	                                      {"site", required_argument, NULL, SITE},
	                                      {"all", no_argument, NULL, ALL},
	                                      {"soft", no_argument, NULL, SOFT},
	                                      {"admin", required_argument, NULL, ADMIN},
	                                      {"token-file", required_argument, NULL, TOKEN_FILE},
	                                      {"help", no_argument, NULL, HELP},
	                                      {NULL, 0, NULL, 0}};
	int c, rc = 0;

	opterr = 0;
	optind = 1;
	while (rc == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
		rc = take_option(o, c);
	if (rc == 0 && (optind < argc) == (o->name != NULL))
		rc = usage("either URLs, or one of --prefix, --tag, --site and --all");
	return rc;
}

/* --- the connection --- */

static int complain(const char *what, const char *detail)
{
	fprintf(stderr, "forerun purge: %s: %s\n", what, detail);
	return -FR_EXIT_FAILED;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof a.sun_path)
		return complain(path, "too long");
	memcpy(a.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int rc = complain(path, strerror(errno));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

static int connect_tcp(const char *address)
{
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char host[256];
	int fd = -1, rc;

	if (!colon || colon == address || (size_t)(colon - address) >= sizeof host)
		return usage("--admin takes unix:PATH or HOST:PORT");
	(void)snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0)
		return complain(address, gai_strerror(rc));
	for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd >= 0 ? fd : complain(address, strerror(errno));
}

static int open_admin(const struct options *o)
{
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd = strncmp(o->admin, "unix:", 5) == 0 ? connect_unix(o->admin + 5)
	                                            : connect_tcp(o->admin);

	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	}
	return fd;
}

/* --- request and answer --- */

static int encode(struct fr_arena *a, const char *text, struct fr_str *out)
{
	size_t len = strlen(text), n = 0;
	char *p = fr_arena_alloc(a, 3 * len + 1);

	for (size_t i = 0; p && i < len; i++) {
		if (fr_char_is(text[i], FR_CH_ALPHA | FR_CH_DIGIT))
			p[n++] = text[i];
		else
			n += (size_t)snprintf(p + n, 4, "%%%02X", (unsigned char)text[i]);
	}
	*out = fr_str_make(p, n);
	return p ? 0 : FR_ERR_NOMEM;
}

static int add_token(struct fr_request *req, struct fr_arena *a, const char *file)
{
	FILE *f = file ? fopen(file, "re") : NULL;
	struct fr_str value;
	char line[512];

	if (!file)
		return 0;
	if (!f || !fgets(line, sizeof line, f)) {
		if (f)
			(void)fclose(f);
		return complain(file, "cannot be read");
	}
	(void)fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	if (fr_arena_printf(a, &value, "Bearer %s", line) < 0 ||
	    fr_fields_add_id(&req->fields, FR_FIELD_AUTHORIZATION, value) < 0)
		return -FR_EXIT_FAILED;
	return 0;
}

static int make_request(const struct options *o, const char *name, const char *value,
                        struct fr_arena *a, struct fr_buf *out)
{
	struct fr_request req;
	struct fr_str text;
	int rc;

	fr_request_init(&req, a);
	req.method_text = FR_STR("POST");
	req.authority = FR_STR("admin");
	req.content_length = 0;
	rc = add_token(&req, a, o->token_file);
	if (rc < 0)
		return rc;
	if (encode(a, value, &text) < 0 ||
	    fr_arena_printf(a, &req.target, "/purge?%s=%.*s%s", name, FR_STR_ARG(text),
	                    o->soft ? "&soft=1" : "") < 0 ||
	    fr_h1_write_request(out, &req, "close", NULL) < 0)
		return complain(value, "too long, or with forbidden characters");
	return 0;
}

static bool send_all(int fd, const struct fr_buf *b)
{
	size_t sent = 0;

	while (sent < fr_buf_len(b)) {
		ssize_t n = send(fd, fr_buf_data(b) + sent, fr_buf_len(b) - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* Status and the whole answer as text. */
static int receive(int fd, char *out, size_t cap)
{
	size_t n = 0;
	int status = 0;
	ssize_t got;

	while (n + 1 < cap && (got = recv(fd, out + n, cap - n - 1, 0)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	return sscanf(out, "HTTP/1.1 %3d", &status) == 1 ? status : -1;
}

static int purge(const struct options *o, const char *name, const char *value)
{
	char text[ANSWER_BYTES];
	const char *body;
	struct fr_arena arena;
	struct fr_buf out;
	int fd, rc;

	fr_arena_init(&arena, 1u << 20);
	fr_buf_init(&out, 1u << 18);
	rc = make_request(o, name, value, &arena, &out);
	fd = rc < 0 ? rc : open_admin(o);
	if (fd >= 0) {
		int status = send_all(fd, &out) ? receive(fd, text, sizeof text) : -1;

		body = status > 0 ? strstr(text, "\r\n\r\n") : NULL;
		if (status == 200 && body)
			printf("%s", body + 4);
		else
			rc = complain(value,
			              body ? body + 4 : "no answer from the admin interface");
		close(fd);
	} else {
		rc = fd;
	}
	fr_buf_fini(&out);
	fr_arena_fini(&arena);
	return rc;
}

int fr_tool_purge(int argc, char **argv)
{
	char path[4096] = "unix:";
	struct options o = {.admin = path};
	int rc = read_options(argc, argv, &o);

	fr_admin_default_path(path + strlen(path), sizeof path - strlen(path));

	if (rc > 0)
		return FR_EXIT_OK;
	if (rc == 0 && o.name)
		rc = purge(&o, o.name, o.value);
	for (int i = optind; rc == 0 && !o.name && i < argc; i++)
		rc = purge(&o, "url", argv[i]);
	return rc < 0 ? -rc : FR_EXIT_OK;
}
