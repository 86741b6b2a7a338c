/* The published examples of h2o and cache-digest.js, and what no client
 * should send. */
#include "hints/cache_digest.h"

#include "arena_fixture.h"
#include "net/tls.h"

#define HELLO "https://127.0.0.1.xip.io:8081/cache-digests.cgi/hello.js"
#define NOT_FOUND "https://127.0.0.1.xip.io:8081/notfound.js"
#define STYLE "https://example.com/style.css"
#define JQUERY "https://example.com/jquery.js"

static struct fr_cache_digest digest;

static void read_field(const char *value)
{
	fr_cache_digest_init(&digest, &arena);
	fr_cache_digest_add(&digest, S(value));
}

static enum fr_cache_holding find(const char *url, const char *etag)
{
	return fr_cache_digest_find(&digest, fr_sha256, S(url), S(etag));
}

static void one_fresh_url_is_found(void **state)
{
	(void)state;
	read_field("AeLA");
	assert_int_equal(digest.n, 1);
	assert_int_equal(digest.sets[0].hash_bits, 7);
	assert_int_equal(digest.sets[0].n, 1);
	assert_int_equal(digest.sets[0].v[0], 0x0b);
	assert_int_equal(find(HELLO, ""), FR_CACHE_HOLDING_FRESH);
	assert_int_equal(find(HELLO, "\"1\""), FR_CACHE_HOLDING_FRESH);
	assert_int_equal(find(NOT_FOUND, ""), FR_CACHE_HOLDING_UNKNOWN);
	assert_true(fr_cache_digest_has(&digest, fr_sha256, S(HELLO), S("")));
	assert_false(fr_cache_digest_has(&digest, fr_sha256, S(NOT_FOUND), S("")));
}

static void several_fields_add_up_until_a_reset(void **state)
{
	(void)state;
	read_field("AeLA");
	fr_cache_digest_add(&digest, S("FOO; stale, AcA; validators; complete"));
	assert_int_equal(digest.n, 2);
	assert_int_equal(digest.skipped, 1); /* FOO has a bit too many */
	assert_true(digest.sets[1].has_validators && digest.sets[1].is_complete);
	assert_int_equal(digest.sets[1].n, 0);
	assert_int_equal(find(NOT_FOUND, "\"1\""), FR_CACHE_HOLDING_ABSENT);
	assert_int_equal(find(NOT_FOUND, ""), FR_CACHE_HOLDING_UNKNOWN);
	assert_int_equal(find(HELLO, ""), FR_CACHE_HOLDING_FRESH);
	fr_cache_digest_add(&digest, S("AcA; reset"));
	assert_int_equal(digest.n, 1);
	assert_int_equal(digest.sets[0].n, 0);
	assert_int_equal(find(HELLO, ""), FR_CACHE_HOLDING_UNKNOWN);
}

/* 01 f7 40, 09 d6 50 e0 and 09 16 80: cache-digest.js with 7, 7 and 4 bits. */
static void digests_of_the_service_worker_are_read(void **state)
{
	static const char *const both[] = {"CdZQ4A; complete", "CRaA; Complete"};

	(void)state;
	read_field("AfdA");
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_FRESH);
	assert_int_equal(find(JQUERY, ""), FR_CACHE_HOLDING_UNKNOWN);
	for (size_t i = 0; i < FR_ARRAY_LEN(both); i++) {
		read_field(both[i]);
		assert_int_equal(digest.sets[0].n, 2);
		assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_FRESH);
		assert_int_equal(find(JQUERY, ""), FR_CACHE_HOLDING_FRESH);
		assert_int_equal(find("https://example.com/other.js", ""), FR_CACHE_HOLDING_ABSENT);
	}
}

/* The hash of style.css with ETag "deadbeef" is 0xa53eb398509042d7: its first
 * seven bits are 1010010. */
static void an_etag_counts_where_the_set_has_validators(void **state)
{
	(void)state;
	/* 00000 00111 1 1010010 000000 */
	read_field("AfSA; validators");
	assert_int_equal(digest.sets[0].v[0], 0x52);
	assert_int_equal(find(STYLE, "\"deadbeef\""), FR_CACHE_HOLDING_FRESH);
	assert_int_equal(find(STYLE, "\"deadbeee\""), FR_CACHE_HOLDING_UNKNOWN);
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_UNKNOWN);
}

static void stale_is_not_fresh(void **state)
{
	(void)state;
	read_field("AfdA;stale;complete");
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_STALE);
	/* all that is stale is here: that says nothing of what is fresh */
	assert_int_equal(find(JQUERY, ""), FR_CACHE_HOLDING_UNKNOWN);
	fr_cache_digest_add(&digest, S("AfdA;fresh"));
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_FRESH);
}

static void skipped(const char *value)
{
	read_field(value);
	assert_int_equal(digest.n, 0);
	assert_int_equal(digest.skipped, 1);
}

static void what_is_malformed_is_skipped_and_its_neighbours_count(void **state)
{
	(void)state;
	skipped("A");    /* no octet */
	skipped("AQ");   /* no room for the parameters */
	skipped("AAA");  /* hashes of no bits */
	skipped("AcAA"); /* an octet of zeros too many */
	skipped("AeA");  /* a code that is cut off */
	skipped("AfdA; unheard-of");
	skipped("AfdA; reset=1");
	skipped("\"AfdA\"");
	skipped("ADg"); /* log2 N 0, log2 P 0 and values */
	read_field(",, ;,A, AfdA ,A");
	assert_int_equal(digest.n, 1);
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_FRESH);
	read_field("");
	assert_int_equal(digest.n + digest.skipped, 0);
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_UNKNOWN);
}

static void a_value_beyond_its_bits_is_refused(void **state)
{
	(void)state;
	/* log2 N 0, log2 P 1: 0, 1 fit, 2 does not: 00000 00001 1 0 1 0 00 */
	read_field("AGg");
	assert_int_equal(digest.sets[0].n, 2);
	skipped("AG0"); /* and a third: 11 010000 would go on */
}

static void sets_and_bytes_are_limited(void **state)
{
	char value[FR_CACHE_DIGEST_MAX_BYTES + 2];

	(void)state;
	read_field("AfdA,AfdA,AfdA,AfdA,AfdA");
	assert_int_equal(digest.n, FR_CACHE_DIGEST_MAX_SETS);
	assert_int_equal(digest.skipped, 1);
	memset(value, ',', sizeof value - 1);
	memcpy(value, "AfdA", 4);
	value[sizeof value - 1] = 0;
	skipped(value);
	value[sizeof value - 2] = 0;
	read_field(value);
	assert_int_equal(digest.n, 1);
}

static void entries_are_limited(void **state)
{
	/* N 2^31, P 1: 31 bits, each 1 is the next value; 10 + 6 k bits */
	char value[400];
	size_t ones = 6 * 340;

	(void)state;
	memset(value, '_', sizeof value);
	memcpy(value, "-B", 2); /* 11111 0 0000 01: the first of the ones */
	memcpy(value + 2 + ones / 6, "8", 2);
	read_field(value);
	assert_int_equal(digest.n, 1);
	assert_true(digest.n_entries > 2040 && digest.n_entries <= FR_CACHE_DIGEST_MAX_ENTRIES);
	fr_cache_digest_add(&digest, S(value));
	assert_int_equal(digest.n, 1);
	assert_int_equal(digest.skipped, 1);
}

static void without_memory_nothing_is_known(void **state)
{
	struct fr_arena none;

	(void)state;
	fr_arena_init(&none, 1);
	fr_cache_digest_init(&digest, &none);
	fr_cache_digest_add(&digest, S("AfdA"));
	assert_int_equal(digest.n, 0);
	assert_int_equal(find(STYLE, ""), FR_CACHE_HOLDING_UNKNOWN);
	fr_arena_fini(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_fresh_url_is_found),
		T(several_fields_add_up_until_a_reset),
		T(digests_of_the_service_worker_are_read),
		T(an_etag_counts_where_the_set_has_validators),
		T(stale_is_not_fresh),
		T(what_is_malformed_is_skipped_and_its_neighbours_count),
		T(a_value_beyond_its_bits_is_refused),
		T(sets_and_bytes_are_limited),
		T(entries_are_limited),
		T(without_memory_nothing_is_known),
	};

	RUN(tests);
}
