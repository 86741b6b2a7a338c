/* What requests hold of the fields that HPACK makes of few octets. */
#include "h2_pair.h"

#include "h2/session_priv.h"

static uint8_t block[65536];
static size_t block_len;

static void octets(const void *p, size_t len)
{
	assert_true(block_len + len <= sizeof block);
	memcpy(block + block_len, p, len);
	block_len += len;
}

/* GET, https, /, :authority h */
static void begin_block(void)
{
	block_len = 0;
	octets("\x82\x87\x84\1\1h", 6);
}

/* A new entry of the table. len: up to 16 KiB. */
static void add_entry(const char *name, char c, size_t len)
{
	uint8_t head[2] = {0x40, (uint8_t)strlen(name)};
	uint8_t size[3] = {0x7f, (uint8_t)(0x80 | ((len - 127) & 0x7f)),
	                   (uint8_t)((len - 127) >> 7)};

	octets(head, 2);
	octets(name, strlen(name));
	octets(size, 3);
	for (size_t i = 0; i < len; i++)
		octets(&c, 1);
}

/* The newest entry is 0. */
static void refer(unsigned entry, unsigned times)
{
	uint8_t index = (uint8_t)(0x80 | (62 + entry));

	while (times--)
		octets(&index, 1);
}

static void send_block(uint32_t id)
{
	raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, block,
	          block_len);
}

static void begin_connection(void)
{
	static const char magic[] = NGHTTP2_CLIENT_MAGIC;

	to_server((const uint8_t *)magic, sizeof magic - 1);
	raw_frame(NGHTTP2_SETTINGS, 0, 0, "", 0);
}

static size_t held(void)
{
	size_t sum = 0;

	for (size_t i = 0; i < pair->n; i++)
		sum += pair->streams[i].arena.total_bytes;
	return sum;
}

static void one_entry_in_many_requests_is_held_once(void **state)
{
	(void)state;
	begin_connection();
	for (uint32_t i = 0; i < 60; i++) {
		begin_block();
		if (i == 0)
			add_entry("x", 'v', 4000);
		refer(0, 14);
		send_block(2 * i + 1);
	}
	assert_int_equal(pair->n, 60);
	assert_int_equal(pair->faults, 0);
	for (size_t i = 0; i < 60; i++) {
		const struct fr_fields *f = &pair->streams[i].req.fields;

		assert_true(f->n >= 14);
		assert_int_equal(f->v[f->n - 1].value.len, 4000);
		assert_ptr_equal(f->v[f->n - 1].value.p, pair->streams[0].req.fields.v[0].value.p);
	}
	assert_true(held() < 60 * 8200);
}

/* Tables change and sessions end; requests have what they were sent. */
static void what_is_held_outlives_table_and_session(void **state)
{
	const struct fr_field *f;

	(void)state;
	begin_connection();
	begin_block();
	add_entry("x", 'v', 4000);
	send_block(1);
	begin_block();
	add_entry("y", 'w', 4000); /* evicts the other one */
	send_block(3);
	fr_h2_session_free(&pair->server);
	f = pair->streams[0].req.fields.v;
	assert_str(f->name, "x");
	for (size_t i = 0; i < 4000; i++)
		assert_int_equal(f->value.p[i], 'v');
}

static void crumbs_become_one_field_in_the_first_ones_place(void **state)
{
	const struct fr_fields *f;

	(void)state;
	begin_connection();
	begin_block();
	octets("\x40\1a\0011", 5);
	octets("\x40\6cookie\3a=1", 12);
	octets("\x40\1b\0012", 5);
	octets("\x40\6cookie\3b=2", 12);
	octets("\x40\6cookie\3c=3", 12);
	send_block(1);
	f = &pair->streams[0].req.fields;
	assert_int_equal(f->n, 3);
	assert_str(f->v[0].name, "a");
	assert_str(f->v[1].name, "cookie");
	assert_str(f->v[1].value, "a=1; b=2; c=3");
	assert_str(f->v[2].name, "b");
}

static void equal_cookies_are_held_once(void **state)
{
	const char *first;

	(void)state;
	begin_connection();
	for (uint32_t i = 0; i < 60; i++) {
		begin_block();
		if (i == 0)
			add_entry("cookie", 'v', 4000);
		refer(0, i ? 15 : 14);
		send_block(2 * i + 1);
	}
	assert_int_equal(pair->n, 60);
	assert_int_equal(pair->faults, 0);
	first = pair->streams[0].req.fields.v[0].value.p;
	for (size_t i = 0; i < 60; i++) {
		const struct fr_fields *f = &pair->streams[i].req.fields;

		assert_int_equal(f->n, 1);
		assert_int_equal(f->v[0].value.len, 15 * 4000 + 14 * 2);
		assert_ptr_equal(f->v[0].value.p, first);
	}
	/* one request is over, the others keep it */
	fr_arena_fini(&pair->streams[0].arena);
	assert_memory_equal(pair->streams[59].req.fields.v[0].value.p, "vvvv", 4);
}

/* What is made of a table and not shared is bounded, for all streams together, whether
 * by cookies of many shapes or by fields too short to share. */
static void what_is_not_shared_is_bounded(void **state)
{
	struct fr_h2_limits l;

	for (int kind = 0; kind < 2; kind++) {
		size_t sent = 0, taken = 0;

		assert_int_equal(pair_tear_down(state), 0);
		fr_h2_limits_default(&l);
		l.fields_connection_bytes = 131072;
		pair_new(&l);
		begin_connection();
		for (uint32_t i = 0; i < 60; i++) {
			begin_block();
			if (i == 0 && kind == 0) {
				add_entry("cookie", 'v', 1900);
				add_entry("cookie", 'w', 1900);
			} else if (i == 0) {
				octets("\x40\1x\x0a"
				       "aaaaaaaaaa",
				       14);
			}
			for (unsigned b = 0; b < 7; b++)
				refer(kind == 0 ? i >> b & 1 : 0, kind == 0 ? 2 : 14);
			send_block(2 * i + 1);
			sent += block_len;
		}
		assert_int_equal(pair->fault, FR_H2_FAULT_FIELDS_HELD);
		assert_int_equal(pair->server_rc, 0);
		for (size_t i = 0; i < pair->n; i++)
			taken += pair->streams[i].is_complete;
		assert_in_range(taken, 1, 40);
		assert_true(pair->server->held_bytes <= 131072 + 16 * sent + 65536);
		/* when others have ended there is room again */
		look_for_goaway();
		for (size_t i = 0; i < pair->n; i++)
			if (pair->streams[i].is_complete)
				answer(&pair->streams[i], 0);
		look_for_goaway();
		assert_int_equal(pair->opened, 0);
		assert_int_equal(pair->server->held_bytes, 0);
		assert_int_equal(pair->server->wire_bytes, 0);
		assert_null(pair->server->cookie);
	}
}

/* Each allocation fails in turn: the request is refused or whole, nothing is lost. */
static void without_memory_a_request_fails_alone(void **state)
{
	for (unsigned n = 1; n < 60; n++) {
		assert_int_equal(pair_tear_down(state), 0);
		assert_int_equal(pair_set_up(state), 0);
		begin_connection();
		begin_block();
		add_entry("x", 'v', 300);
		add_entry("cookie", 'c', 300);
		refer(0, 3);
		fr_mem_fail_after(n);
		send_block(1);
		fr_mem_fail_after(0);
		if (pair->n && pair->streams[0].is_complete) {
			const struct fr_fields *f = &pair->streams[0].req.fields;

			assert_int_equal(f->n, 2);
			assert_int_equal(f->v[1].value.len, 4 * 300 + 3 * 2);
		}
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_entry_in_many_requests_is_held_once),
		T(what_is_held_outlives_table_and_session),
		T(crumbs_become_one_field_in_the_first_ones_place),
		T(equal_cookies_are_held_once),
		T(what_is_not_shared_is_bounded),
		T(without_memory_a_request_fails_alone),
	};

	RUN(tests);
}
