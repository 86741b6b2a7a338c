/* The PROXY protocol's header, in whatever pieces it comes. */
#include "http/proxy_header.h"

#include "unit.h"

struct bytes {
	uint8_t v[FR_PROXY_HEADER_BYTES + 64];
	size_t n;
};

static void put(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->n + len <= sizeof b->v);
	memcpy(b->v + b->n, data, len);
	b->n += len;
}

static void put_u16(struct bytes *b, size_t v)
{
	uint8_t p[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	put(b, p, 2);
}

static void put_zeros(struct bytes *b, size_t n)
{
	assert_true(b->n + n <= sizeof b->v);
	memset(b->v + b->n, 0, n);
	b->n += n;
}

/* Version 2, up to its addresses. */
static void begin(struct bytes *b, uint8_t command, uint8_t family, size_t len)
{
	uint8_t kinds[2] = {command, family};

	b->n = 0;
	put(b, "\r\n\r\n\0\r\nQUIT\n", 12);
	put(b, kinds, 2);
	put_u16(b, len);
}

static void put_v4(struct bytes *b)
{
	put(b, "\xc0\x00\x02\x07\x0a\x00\x00\x01", 8);
	put_u16(b, 4711);
	put_u16(b, 443);
}

/* Feeds in pieces of that size. Returns what the last feed did, and *after: bytes that were
 * left over. */
static int feed(struct fr_proxy_header *h, const struct bytes *b, size_t piece, size_t *after)
{
	size_t at = 0, used = 0;
	int rc = 0;

	memset(h, 0, sizeof *h);
	while (rc == 0 && at < b->n) {
		size_t n = piece < b->n - at ? piece : b->n - at;

		rc = fr_proxy_header_feed(h, b->v + at, n, &used);
		assert_true(used <= n);
		if (rc == 0)
			assert_int_equal(used, n);
		at += used;
	}
	*after = b->n - at;
	return rc;
}

/* "192.0.2.7+4711 tls", "peer", "unix", "refused", "too long", "more". */
static void describe(const struct fr_proxy_header *h, int rc, char *out, size_t cap)
{
	char ip[FR_IP_TEXT_BYTES];

	fr_ip_print(&h->ip, ip);
	if (rc < 0)
		(void)snprintf(out, cap, rc == FR_ERR_LIMIT ? "too long" : "refused");
	else if (rc == 0)
		(void)snprintf(out, cap, "more");
	else if (h->source == FR_PROXY_ADDRESS)
		(void)snprintf(out, cap, "%s+%u%s", ip, h->port, h->is_tls ? " tls" : "");
	else
		(void)snprintf(out, cap, "%s%s", h->source == FR_PROXY_UNIX ? "unix" : "peer",
		               h->is_tls ? " tls" : "");
}

/* In one piece, in bytes, in two pieces at every place, with what follows. */
static void check(const struct bytes *header, const char *found, const char *what)
{
	struct bytes b = *header;
	struct fr_proxy_header h;
	char is[128];
	size_t after;
	int rc;

	put(&b, "GET /", 5);
	for (size_t piece = 1; piece <= b.n; piece++) {
		rc = feed(&h, &b, piece, &after);
		describe(&h, rc, is, sizeof is);
		if (strcmp(is, found) != 0 || (rc == 1 && after != 5))
			fail_msg("%s: is %s, not %s (pieces of %zu)", what, is, found, piece);
	}
	/* less than all of it is never enough, nor wrong */
	for (size_t n = 1; rc == 1 && n < header->n; n++) {
		b.n = n;
		if (feed(&h, &b, n, &after) != 0)
			fail_msg("%s: decided after %zu bytes", what, n);
	}
}

static void lines_of_version_1(void **state)
{
	static const struct {
		const char *line, *found;
	} rows[] = {
		{"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n", "192.0.2.7+4711"},
		{"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
	         "255.255.255.255+65535"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 0 0\r\n", "192.0.2.7+0"},
		{"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n", "2001:db8::7+4711"},
		{"PROXY TCP6 ffff:f...f:ffff ::1 1 1\r\n", "refused"},
		{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+65535"},
		{"PROXY UNKNOWN\r\n", "peer"},
		{"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	         "peer"},
		{"PROXY UNKNOWN whatever it is\r\n", "peer"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443 1\r\n", "refused"},
		{"PROXY TCP4  192.0.2.7 10.0.0.1 4711 443\r\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443 \r\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 65536 443\r\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 04711 443\r\n", "refused"},
		{"PROXY TCP4 192.0.2.7 10.0.0.1 -1 443\r\n", "refused"},
		{"PROXY TCP4 2001:db8::7 10.0.0.1 4711 443\r\n", "refused"},
		{"PROXY TCP6 192.0.2.7 ::1 4711 443\r\n", "refused"},
		{"PROXY TCP4 192.0.2.07 10.0.0.1 4711 443\r\n", "refused"},
		{"PROXY UDP4 192.0.2.7 10.0.0.1 4711 443\r\n", "refused"},
		{"PROXY tcp4 192.0.2.7 10.0.0.1 4711 443\r\n", "refused"},
		{"PROXY \r\n", "refused"},
		{"PROXY\r\n", "refused"},
		{"PROXZ", "refused"},
		{"proxy TCP4", "refused"},
		{"GET / HTTP/1.1\r\n", "refused"},
		{"PRI * HTTP/2.0\r\n", "refused"},
		{"\x16\x03\x01", "refused"},
		{"\n", "refused"},
		{"PROXY UNKNOWN 12345678901234567890123456789012345678901234567890123456789012345"
	         "67890123456789012345678901",
	         "too long"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct bytes b = {.n = 0};

		put(&b, rows[i].line, strlen(rows[i].line));
		check(&b, rows[i].found, rows[i].line);
	}
}

static void version_2_by_family_and_command(void **state)
{
	static const struct {
		uint8_t command, family;
		size_t len;
		const char *found;
	} rows[] = {
		{0x21, 0x11, 12, "192.0.2.7+4711"},
		{0x21, 0x21, 36, "c000:207:a00:1:1267:1bb::+0"},
		{0x21, 0x31, 216, "unix"},
		{0x21, 0x00, 0, "peer"},
		{0x21, 0x00, 12, "refused"}, /* UNSPEC: what follows are TLVs */
		{0x21, 0x12, 12, "peer"},    /* UDP: no address of a connection */
		{0x21, 0x22, 36, "peer"},
		{0x21, 0x32, 216, "peer"},
		{0x20, 0x00, 0, "peer"},
		{0x20, 0x11, 12, "peer"},
		{0x20, 0x11, 3, "peer"}, /* LOCAL: whatever it is */
		{0x20, 0x77, 30, "peer"},
		{0x21, 0x11, 11, "refused"},
		{0x21, 0x11, 0, "refused"},
		{0x21, 0x21, 35, "refused"},
		{0x21, 0x31, 215, "refused"},
		{0x21, 0x41, 12, "refused"},
		{0x21, 0x10, 12, "refused"},
		{0x21, 0x13, 12, "refused"},
		{0x22, 0x11, 12, "refused"},
		{0x11, 0x11, 12, "refused"},
		{0x31, 0x11, 12, "refused"},
		{0x00, 0x00, 0, "refused"},
		{0x21, 0x11, FR_PROXY_HEADER_BYTES - 15, "too long"},
		{0x21, 0x11, 65535, "too long"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct bytes b;
		char what[64];

		begin(&b, rows[i].command, rows[i].family, rows[i].len);
		if (rows[i].len <= FR_PROXY_HEADER_BYTES - 16) {
			struct bytes v4 = {.n = 0};

			put_v4(&v4);
			put(&b, v4.v, rows[i].len < 12 ? rows[i].len : 12);
			put_zeros(&b, rows[i].len > 12 ? rows[i].len - 12 : 0);
		}
		(void)snprintf(what, sizeof what, "%02x %02x %zu", rows[i].command, rows[i].family,
		               rows[i].len);
		check(&b, rows[i].found, what);
	}
}

static void put_tlv(struct bytes *b, uint8_t type, const void *value, size_t len)
{
	put(b, &type, 1);
	put_u16(b, len);
	put(b, value, len);
}

static void tlvs_are_passed_over(void **state)
{
	struct bytes b;

	(void)state;
	begin(&b, 0x21, 0x11, 12 + 3 + 9 + 3 + 3 + 5);
	put_v4(&b);
	put_tlv(&b, 0x02, "a.example", 9);
	put_tlv(&b, 0x04, "", 0);
	put_tlv(&b, 0xea, "12345", 5);
	check(&b, "192.0.2.7+4711", "three TLVs");
	/* one that claims more than there is */
	b.v[b.n - 6]++;
	check(&b, "refused", "an open TLV");
	begin(&b, 0x21, 0x11, 12 + 2);
	put_v4(&b);
	put(&b, "\x04", 2);
	check(&b, "refused", "half of a TLV");
}

static void the_client_spoke_tls_with_the_proxy(void **state)
{
	static const struct {
		uint8_t command, client;
		const char *found;
	} rows[] = {
		{0x21, 0x01, "192.0.2.7+4711 tls"},
		{0x21, 0x07, "192.0.2.7+4711 tls"},
		{0x21, 0x00, "192.0.2.7+4711"},
		{0x20, 0x01, "peer"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		uint8_t value[5] = {rows[i].client};
		struct bytes b;

		begin(&b, rows[i].command, 0x11, 12 + 8);
		put_v4(&b);
		put_tlv(&b, 0x20, value, sizeof value);
		check(&b, rows[i].found, "PP2_TYPE_SSL");
	}
}

/* As HAProxy writes it with send-proxy-v2 and crc32c. */
static void a_checksum_must_be_right(void **state)
{
	struct bytes b;
	uint32_t crc = 0xffffffffu;
	uint8_t sum[4];

	(void)state;
	begin(&b, 0x21, 0x11, 12 + 7);
	put_v4(&b);
	put_tlv(&b, 0x03, "\0\0\0\0", 4);
	for (size_t i = 0; i < b.n; i++) {
		crc ^= b.v[i];
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		sum[i] = (uint8_t)(crc >> (24 - 8 * i));
	memcpy(b.v + b.n - 4, sum, 4);
	check(&b, "192.0.2.7+4711", "a right checksum");
	for (size_t at = 16; at < 28; at++) {
		b.v[at] ^= 1;
		check(&b, "refused", "a changed address");
		b.v[at] ^= 1;
	}
	b.v[b.n - 1] ^= 1;
	check(&b, "refused", "a wrong checksum");
	begin(&b, 0x21, 0x11, 12 + 6);
	put_v4(&b);
	put_tlv(&b, 0x03, "\0\0\0", 3);
	check(&b, "refused", "a short checksum");
}

/* The polynomial is Castagnoli's: "123456789" gives e3069283. Here by a header of which the sum
 * is known. */
static void the_checksum_is_castagnolis(void **state)
{
	static const char text[] = "123456789";
	uint32_t crc = 0xffffffffu;

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		crc ^= (uint8_t)text[i];
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	assert_int_equal(~crc, 0xe3069283u);
}

/* limits: FR_PROXY_HEADER_BYTES */
static void the_longest_header_is_taken(void **state)
{
	static const char filler[FR_PROXY_HEADER_BYTES];
	struct fr_proxy_header h;
	struct bytes b;
	size_t after;

	(void)state;
	begin(&b, 0x21, 0x11, FR_PROXY_HEADER_BYTES - 16);
	put_v4(&b);
	put_tlv(&b, 0x04, filler, FR_PROXY_HEADER_BYTES - 16 - 12 - 3);
	assert_int_equal(b.n, FR_PROXY_HEADER_BYTES);
	assert_int_equal(feed(&h, &b, b.n, &after), 1);
	assert_int_equal(feed(&h, &b, 1, &after), 1);
	assert_int_equal(h.source, FR_PROXY_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_version_1),
		cmocka_unit_test(version_2_by_family_and_command),
		cmocka_unit_test(tlvs_are_passed_over),
		cmocka_unit_test(the_client_spoke_tls_with_the_proxy),
		cmocka_unit_test(a_checksum_must_be_right),
		cmocka_unit_test(the_checksum_is_castagnolis),
		cmocka_unit_test(the_longest_header_is_taken),
	};

	RUN(tests);
}
