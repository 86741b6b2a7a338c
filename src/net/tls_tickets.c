/* Session ticket keys (RFC 5077 §4, RFC 8446 §4.6.1), shared by all workers:
 * a new key every ROTATE_S; tickets under the KEYS - 1 keys before it are still
 * taken, and renewed. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "net/tls_priv.h"

#define ROTATE_S (12 * 3600)
#define KEYS 3

struct key {
	unsigned char name[16], aes[32], hmac[32];
	time_t born; /* monotonic seconds; 0: none */
};

struct fr_tls_tickets {
	pthread_mutex_t lock;
	struct key keys[KEYS]; /* the newest first */
};

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + 1;
}

static void rotate(struct fr_tls_tickets *t)
{
	time_t now = now_s();
	struct key *k = &t->keys[0];

	if (k->born && now - k->born < ROTATE_S)
		return;
	memmove(&t->keys[1], &t->keys[0], (KEYS - 1) * sizeof t->keys[0]);
	fr_random_bytes(k->name, sizeof k->name);
	fr_random_bytes(k->aes, sizeof k->aes);
	fr_random_bytes(k->hmac, sizeof k->hmac);
	k->born = now;
}

struct fr_tls_tickets *fr_tls_tickets_new(void)
{
	struct fr_tls_tickets *t = fr_calloc(1, sizeof *t);

	(void)pthread_mutex_init(&t->lock, NULL);
	rotate(t);
	return t;
}

void fr_tls_tickets_free(struct fr_tls_tickets **tp)
{
	struct fr_tls_tickets *t = *tp;

	if (!t)
		return;
	(void)pthread_mutex_destroy(&t->lock);
	OPENSSL_cleanse(t->keys, sizeof t->keys);
	free(t);
	*tp = NULL;
}

/* A copy of the key for a new ticket (name NULL) or of that name. Returns
 * its age in keys, -1 if there is none. */
static int find_key(struct fr_tls_tickets *t, const unsigned char *name, struct key *out)
{
	int found = -1;

	(void)pthread_mutex_lock(&t->lock);
	rotate(t);
	for (int i = 0; i < KEYS && found < 0; i++)
		if (t->keys[i].born &&
		    (!name || CRYPTO_memcmp(t->keys[i].name, name, sizeof t->keys[i].name) == 0))
			found = i;
	if (found >= 0)
		*out = t->keys[found];
	(void)pthread_mutex_unlock(&t->lock);
	return found;
}

static int set_hmac(EVP_MAC_CTX *mac, struct key *k)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->hmac, sizeof k->hmac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	                                         (char *)(uintptr_t) "sha256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params);
}

/* Returns as OpenSSL wants it: 1 good, 2 good but renew, 0 no ticket, -1 error. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int encrypt)
{
	struct fr_tls_server *s = fr_tls_server_of(ssl);
	struct key k;
	int age, ok;

	if (!s || !s->tickets)
		return 0;
	age = find_key(s->tickets, encrypt ? NULL : name, &k);
	if (age < 0)
		return 0;
	if (encrypt) {
		memcpy(name, k.name, sizeof k.name);
		fr_random_bytes(iv, EVP_MAX_IV_LENGTH);
		ok = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.aes, iv);
	} else {
		ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k.aes, iv);
	}
	ok = ok == 1 && set_hmac(mac, &k) == 1;
	OPENSSL_cleanse(&k, sizeof k);
	if (!ok)
		return -1;
	return !encrypt && age > 0 ? 2 : 1;
}

void fr_tls_tickets_install(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
}
