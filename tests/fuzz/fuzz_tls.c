/* What a client sends before TLS is agreed: the server name, ALPN, versions, tickets. The first
 * byte of the input says where it is cut in two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/local_ca.h"
#include "net/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];
static struct fr_tls_server *server;
static struct fr_tls_tickets *tickets;

static void tear_down(void)
{
	char command[128];

	fr_tls_server_unref(&server);
	fr_tls_tickets_free(&tickets);
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	(void)!system(command);
}

/* Two certificates, chosen by name. */
static void set_up(void)
{
	static const char *const hosts[] = {"localhost", "*.localhost"};
	static const char *const others[] = {"other.test", "*.w.test"};
	struct fr_local_ca ca;
	struct fr_tls_problem why;

	(void)snprintf(dir, sizeof dir, "/tmp/forerun-fuzz-XXXXXX");
	FR_ASSERT(mkdtemp(dir) && fr_local_ca_ensure(dir, &ca, &why) == 0);
	tickets = fr_tls_tickets_new();
	FR_ASSERT(fr_tls_server_new(
			  (struct fr_tls_cert_spec[]){
				  {.hosts = hosts,
	                           .n_hosts = 2,
	                           .cert_file = ca.cert_file,
	                           .key_file = ca.key_file},
				  {.hosts = others,
	                           .n_hosts = 2,
	                           .cert_file = ca.cert_file,
	                           .key_file = ca.key_file},
			  },
			  2, 12, true, tickets, &server, &why) == 0);
	(void)atexit(tear_down);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_buf out;
	struct fr_tls *t;
	struct fr_str name;
	size_t cut;
	int rc;

	if (!server)
		set_up();
	if (size < 2)
		return 0;
	cut = 1 + data[0] % (size - 1);
	fr_buf_init(&out, 1u << 16);
	t = fr_tls_accept(server, &out);
	fr_tls_feed(t, data + 1, cut);
	rc = fr_tls_handshake(t);
	if (rc == FR_ERR_AGAIN) {
		fr_tls_feed(t, data + 1 + cut, size - 1 - cut);
		rc = fr_tls_handshake(t);
	}
	/* nobody finishes a handshake without keys */
	FR_ASSERT(rc == FR_ERR_AGAIN || rc == FR_ERR_TLS);
	name = fr_tls_server_name(t);
	for (size_t i = 0; i < name.len; i++)
		FR_ASSERT(name.p[i] == fr_ascii_lower(name.p[i]));
	(void)fr_tls_covers(t, name);
	fr_tls_free(&t);
	fr_buf_fini(&out);
	return 0;
}
