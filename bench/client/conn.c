#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct fr_bench *b = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	SSL_SESSION_free(b->session);
	b->session = session;
	return 1; /* kept */
}

int fr_bench_tls_init(struct fr_bench *b)
{
	static const unsigned char alpn[] = "\x02h2";
	SSL_CTX *t = SSL_CTX_new(TLS_client_method());
	if (!t)
		return -1;
	b->tls = t;
	SSL_CTX_set_app_data(t, b);
	SSL_CTX_set_verify(t, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(t, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                            SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_ciphersuites(t, "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_set_cipher_list(t, "ECDHE-ECDSA-AES128-GCM-SHA256") != 1 ||
	    SSL_CTX_set1_groups_list(t, "X25519") != 1 ||
	    SSL_CTX_set_alpn_protos(t, alpn, sizeof(alpn) - 1) != 0)
		return -1;
	if (b->options->resume) {
		SSL_CTX_set_session_cache_mode(t,
		                               SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(t, on_session);
	} else {
		SSL_CTX_set_session_cache_mode(t, SSL_SESS_CACHE_OFF);
	}
	return 0;
}

static void fail(struct fr_bench_conn *c, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = code    ? ERR_reason_error_string(code)
	                  : errno ? strerror(errno)
	                          : "the server closed";
	fr_bench_fail(c->bench, "%s: %s", what, why ? why : "?");
}

static void watch(struct fr_bench_conn *c, int op, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};
	if (epoll_ctl(c->bench->epoll, op, c->fd, &e) != 0)
		fail(c, "epoll_ctl");
}

static void want_write(struct fr_bench_conn *c, bool on)
{
	if (c->wants_write == on)
		return;
	c->wants_write = on;
	watch(c, EPOLL_CTL_MOD, EPOLLIN | (on ? (uint32_t)EPOLLOUT : 0));
}

static int connect_socket(struct fr_bench_conn *c)
{
	int on = 1;
	struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -1;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + c->bench->started % FR_BENCH_ADDRESSES);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(c->bench->options->port);
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		return -1;
	return connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS ? 0
	                                                                                       : -1;
}

/* Each connection gets a copy: OpenSSL writes its new secrets into the session
 * that it resumes, and others may be about to resume the same. */
static void resume(struct fr_bench_conn *c)
{
	SSL_SESSION *copy = c->bench->session ? SSL_SESSION_dup(c->bench->session) : NULL;
	if (copy)
		(void)SSL_set_session(c->ssl, copy);
	SSL_SESSION_free(copy);
}

void fr_bench_conn_open(struct fr_bench_conn *c)
{
	struct fr_bench *b = c->bench;
	struct fr_bench_stream *streams = c->streams;
	memset(streams, 0, b->options->object_count * sizeof(*streams));
	memset(c, 0, sizeof(*c));
	c->bench = b;
	c->streams = streams;
	errno = 0;
	if (connect_socket(c) != 0) {
		fail(c, "connect");
		return;
	}
	b->started++;
	b->opening++;
	c->state = FR_BENCH_CONNECTING;
	c->ssl = SSL_new(b->tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, "localhost") != 1) {
		fail(c, "SSL_new");
		return;
	}
	SSL_set_connect_state(c->ssl);
	resume(c);
	c->wants_write = true;
	watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void handshake(struct fr_bench_conn *c)
{
	struct fr_bench *b = c->bench;
	const unsigned char *alpn = NULL;
	unsigned alpn_len = 0;
	errno = 0;
	ERR_clear_error();
	int rv = SSL_do_handshake(c->ssl);
	if (rv != 1) {
		int why = SSL_get_error(c->ssl, rv);
		if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
			want_write(c, why == SSL_ERROR_WANT_WRITE);
		else
			fail(c, "handshake");
		return;
	}
	SSL_get0_alpn_selected(c->ssl, &alpn, &alpn_len);
	if (alpn_len != 2 || memcmp(alpn, "h2", 2) != 0)
		fr_bench_fail(b, "the server does not speak h2");
	b->resumed += SSL_session_reused(c->ssl) == 1;
	b->cipher = SSL_get_cipher_name(c->ssl);
	c->state = FR_BENCH_OPEN;
	fr_bench_exchange_begin(c);
}

/* Sends what nghttp2 has, until the socket takes no more. */
static void flush(struct fr_bench_conn *c)
{
	for (;;) {
		if (c->out_sent == c->out_len) {
			c->out_sent = c->out_len = 0;
			const uint8_t *data;
			ssize_t n;
			while (c->out_len < FR_BENCH_OUT_BYTES / 2 &&
			       (n = nghttp2_session_mem_send(c->h2, &data)) > 0) {
				if ((size_t)n > FR_BENCH_OUT_BYTES - c->out_len) {
					fr_bench_fail(c->bench,
					              "a frame of %zd bytes is to be sent",
					              (ssize_t)n);
					return;
				}
				memcpy(c->out + c->out_len, data, (size_t)n);
				c->out_len += (size_t)n;
				fr_bench_walk_feed(&c->sent, data, (size_t)n);
			}
		}
		if (c->out_len == 0)
			break;
		errno = 0;
		int n = SSL_write(c->ssl, c->out + c->out_sent, (int)(c->out_len - c->out_sent));
		if (n > 0) {
			c->out_sent += (size_t)n;
			continue;
		}
		if (SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE) {
			want_write(c, true);
			return;
		}
		fail(c, "write");
		return;
	}
	want_write(c, false);
}

static void receive(struct fr_bench_conn *c)
{
	static uint8_t buf[READ_BYTES];
	while (!c->done) {
		errno = 0;
		ERR_clear_error();
		int n = SSL_read(c->ssl, buf, sizeof(buf));
		if (n <= 0) {
			int why = SSL_get_error(c->ssl, n);
			if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
				fail(c, "read");
			return;
		}
		fr_bench_walk_feed(&c->in, buf, (size_t)n);
		ssize_t used = nghttp2_session_mem_recv(c->h2, buf, (size_t)n);
		if (used < 0) {
			fr_bench_fail(c->bench, "HTTP/2: %s", nghttp2_strerror((int)used));
			return;
		}
	}
}

static bool connected(struct fr_bench_conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
		return true;
	ERR_clear_error();
	errno = error;
	fail(c, "connect");
	return false;
}

void fr_bench_conn_on_event(struct fr_bench_conn *c, uint32_t events)
{
	struct fr_bench *b = c->bench;
	if (c->state == FR_BENCH_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) || !connected(c))
			return;
		c->state = FR_BENCH_HANDSHAKE;
	}
	if (c->state == FR_BENCH_HANDSHAKE)
		handshake(c);
	if (c->state == FR_BENCH_OPEN && !b->error[0]) {
		receive(c);
		if (!b->error[0])
			flush(c);
	}
	if (c->done)
		fr_bench_conn_close(c);
}

void fr_bench_conn_close(struct fr_bench_conn *c)
{
	struct fr_bench *b = c->bench;
	if (c->state == FR_BENCH_CLOSED)
		return;
	if (c->state == FR_BENCH_OPEN && !b->error[0])
		(void)SSL_shutdown(c->ssl);
	b->header_bytes_in += c->in.bytes;
	b->header_bytes_out += c->sent.bytes;
	nghttp2_session_del(c->h2);
	SSL_free(c->ssl);
	close(c->fd);
	c->h2 = NULL;
	c->ssl = NULL;
	c->state = FR_BENCH_CLOSED;
}
