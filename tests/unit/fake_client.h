/* A client of one_worker.h that is no protocol: it makes exchanges and writes down what
 * each of them asks of the client side. Response bodies are taken in each turn, unless the
 * test stalls them. */
#ifndef FR_UNIT_FAKE_CLIENT_H
#define FR_UNIT_FAKE_CLIENT_H

#include "exchange/exchange.h"
#include "one_worker.h"

struct fake_client;

#define FAKE_PUSHES 32
#define FAKE_INTERIMS 4

/* One request, and what came of it. Lives as long as its worker. */
struct fake_request {
	struct fake_client *client;
	struct fr_exchange *ex; /* borrowed; NULL: it is over */
	char *url;              /* owned: scheme, authority and target */
	char *request_fields;   /* owned: of a promised request, as below */
	bool is_push;
	bool is_stalled; /* takes nothing of the body */
	/* interim responses: "103 link: </a.css>; rel=preload\n" */
	char *interims[FAKE_INTERIMS]; /* owned */
	size_t n_interims;
	int status;     /* of the final response; 0: none came */
	char *fields;   /* owned: lines "name: value\n", names in lower case */
	char *trailers; /* owned: likewise; NULL: none */
	char *body;     /* owned, NUL-terminated */
	size_t body_len;
	bool is_complete; /* the whole response came */
	bool has_failed;  /* its body broke off */
	bool was_aborted; /* the exchange was ended by the edge, for this reason: */
	enum fr_abort why;
	size_t consumed; /* bytes of the request's body that were passed on */
	/* of a page */
	struct fake_request *pushes[FAKE_PUSHES]; /* in the order of promises */
	enum fr_rank ranks[FAKE_PUSHES];
	size_t n_pushes;
	uint32_t think_ms;         /* of page_due; UINT32_MAX: not told */
	uint64_t due_bytes;        /* likewise */
	size_t head_first;         /* of page_head_first; 0: not told */
	struct fake_request *page; /* of after_page; NULL: not told */
	bool is_needed_late;       /* needed_late was told */
};

enum fake_kind {
	FAKE_PUSHABLE, /* HTTP/2 with push */
	FAKE_H2,       /* HTTP/2 that takes no pushes */
	FAKE_H1,
	FAKE_ADMIN /* of the admin interface, over HTTP/1.1 */
};

/* From 192.0.2.NUMBER. Ends with its worker, or by fake_client_free. */
struct fake_client *fake_client_new(struct one_worker *w, enum fake_kind kind, unsigned number);
/* The connection breaks. */
void fake_client_free(struct fake_client *c);
/* Is it connected, or did the server close it? */
bool fake_client_is_open(const struct fake_client *c);
/* As if it spoke TLS. */
void fake_client_set_tls(struct fake_client *c);
/* How many more pushes it has room for. */
void fake_client_set_room(struct fake_client *c, size_t pushes);
/* How much of a request's body it may send before any is passed on; at first: as configured. */
void fake_client_set_window(struct fake_client *c, size_t bytes);
/* The round trip on its path, whose window is 14,600 bytes and empty; 0, as at first: nothing
 * is known of the path. */
void fake_client_set_rtt(struct fake_client *c, uint32_t us);
/* The server is told to end its connection politely. */
void fake_client_drain(struct fake_client *c);
/* Was it, by whomever? */
bool fake_client_is_drained(const struct fake_client *c);

/* Sends a request without a body; fields: lines "name: value\n". Turns the loop. */
struct fake_request *fake_get(struct fake_client *c, const char *url, const char *fields);
/* With any method; body_comes: fake_body and fake_end follow. */
struct fake_request *fake_send(struct fake_client *c, const char *method, const char *url,
                               const char *fields, bool body_comes);
void fake_body(struct fake_request *r, const void *bytes, size_t len);
void fake_end(struct fake_request *r);
/* Takes so much of the body, if it is there. */
void fake_take(struct fake_request *r, size_t len);
/* The client resets the stream. refused: as one that it did not want. */
void fake_cancel(struct fake_request *r, bool refused);

/* An exchange whose head has not come yet. */
struct fake_request *fake_open(struct fake_client *c);

/* The value of the first response field of that name; p NULL: none. */
struct fr_str fake_field(const struct fake_request *r, const char *name);
/* The push of the page for a URL; NULL: it was not promised. */
struct fake_request *fake_pushed(const struct fake_request *page, const char *url);

/* --- a worker and a client for each test --- */

struct fixture {
	struct one_worker *worker;
	struct fake_client *client; /* from 192.0.2.1 */
};
int fixture_begin(void **state, const char *config, enum fake_kind kind);
int fixture_end(void **state);

/* Once in a file, before its main. */
#define FIXTURE(config, kind)                                                                      \
	static int begin(void **state)                                                             \
	{                                                                                          \
		return fixture_begin(state, config, kind);                                         \
	}
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fixture_end)

#endif
