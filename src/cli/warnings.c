/* Warns of configurations that work but are unwise. */
#include "cli/warnings.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void (*say_fn)(const char *text);

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &six) == 1 &&
	       (IN6_IS_ADDR_LOOPBACK(&six) ||
	        (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127));
}

static void warn_of_admin(const struct fr_config *c, say_fn say)
{
	char text[512];

	for (size_t i = 0; i < c->n_listeners; i++) {
		const struct fr_config_listener *l = &c->listeners[i];

		if (!l->is_admin || l->kind != FR_ADDRESS_INET || l->tls || is_loopback(l->host))
			continue;
		(void)snprintf(text, sizeof text,
		               "admin.listen %s: reachable from other machines without TLS, so its "
		               "token can be read on the way; set admin.tls or listen on loopback",
		               l->text);
		say(text);
	}
}

static void warn_of_trust(const struct fr_config *c, say_fn say)
{
	char text[256];

	if (!c->trusted.wide)
		return;
	(void)snprintf(text, sizeof text,
	               "trusted_proxies: '%s' lets a large part of the Internet say what address "
	               "a request comes from; list only your own proxies",
	               c->trusted.wide);
	say(text);
}

static void warn_of_file(void *user, const char *path)
{
	const say_fn *say = user;
	struct stat st;
	char text[4300];

	if (stat(path, &st) < 0 || !(st.st_mode & (S_IRWXG | S_IRWXO)))
		return;
	(void)snprintf(text, sizeof text, "%s can be read by others; chmod 600 it", path);
	(*say)(text);
}

void fr_config_warn(const struct fr_config *c, say_fn say)
{
	if (geteuid() == 0 && !c->user)
		say("it serves as root: set user, so that a fault in it is not root's");
	warn_of_admin(c, say);
	warn_of_trust(c, say);
	fr_config_each_secret(c, warn_of_file, &say);
}
