/* The digest cookie: properties over random and adversarial sets. */
#include "hints/digest.h"

#include "arena_fixture.h"
#include "hints/golomb.h"

#define NOW INT64_C(1800000000)
#define HOUR 3600
#define DAY 86400
/* what version 1 makes of them */
#define KEY_APP 606176u
#define KEY_APP_1 942986u
#define VALUE "AVyc7AAPMcU5RoAAGT_g"
#define RANGE (1u << FR_DIGEST_RANGE_BITS)

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static uint32_t key_of(unsigned i)
{
	char target[32];

	(void)snprintf(target, sizeof target, "/assets/%u.js", i);
	return fr_digest_key(S("www.example.test"), S(target), i);
}

static struct fr_digest parsed(const char *value, int64_t now_s)
{
	struct fr_digest d;

	assert_int_equal(fr_digest_parse(S(value), now_s, &d), 0);
	return d;
}

static void check_round_trip(const struct fr_digest *d)
{
	char value[FR_DIGEST_MAX_BYTES + 1];
	size_t len = fr_digest_format(d, value);
	struct fr_digest back;

	assert_true(len <= FR_DIGEST_MAX_BYTES);
	assert_int_equal(len, strlen(value));
	back = parsed(value, NOW);
	assert_memory_equal(&back, d, sizeof back);
}

static void the_hash_is_part_of_the_format(void **state)
{
	(void)state;
	/* other numbers here make every cookie out there worthless */
	assert_int_equal(fr_digest_key(S("www.example.test"), S("/app.css"), 0), KEY_APP);
	assert_int_equal(fr_digest_key(S("www.example.test"), S("/app.css"), 1), KEY_APP_1);
	assert_int_not_equal(fr_digest_key(S("www.example.test"), S("/app.css"), 0),
	                     fr_digest_key(S("www.example.tes"), S("t/app.css"), 0));
}

static void a_value_written_once_can_always_be_read(void **state)
{
	struct fr_digest d = parsed(VALUE, NOW);

	(void)state;
	assert_int_equal(d.n, 2);
	assert_true(fr_digest_has(&d, KEY_APP));
	assert_true(fr_digest_has(&d, KEY_APP_1));
}

static void random_digests_are_read_as_they_were_written(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct fr_digest d = {0};
		uint32_t n = 1 + random_below(FR_DIGEST_MAX_ENTRIES);

		for (uint32_t i = 0; i < n; i++)
			assert_true(fr_digest_add(&d, random_below(RANGE),
			                          NOW + HOUR + random_below(40 * DAY), NOW));
		check_round_trip(&d);
	}
}

/* What costs the most bits: a last value at the end of the range. */
static void any_split_of_a_full_digest_fits(void **state)
{
	size_t longest = 0;

	(void)state;
	for (uint32_t a = 0; a <= FR_DIGEST_MAX_ENTRIES; a++) {
		for (uint32_t b = 0; a + b <= FR_DIGEST_MAX_ENTRIES; b++) {
			char value[FR_DIGEST_MAX_BYTES + 1];
			struct fr_digest d = {0};
			size_t len;

			for (uint32_t i = 0; i < FR_DIGEST_MAX_ENTRIES; i++) {
				int64_t life = i < a ? HOUR : i < a + b ? 2 * DAY : 20 * DAY;

				assert_true(fr_digest_add(&d, RANGE - 1 - i, NOW + life, NOW));
			}
			len = fr_digest_format(&d, value);
			assert_true(len <= 464);
			longest = len > longest ? len : longest;
			if (b % 40 == 0)
				check_round_trip(&d);
		}
	}
	print_message("longest: %u\n", (unsigned)longest);
	assert_true(longest > 440); /* the header's figure is no more than it must be */
}

static void extreme_sets_fit_and_come_back(void **state)
{
	static const uint32_t steps[] = {1, RANGE / FR_DIGEST_MAX_ENTRIES, 6543, 6554};

	(void)state;
	for (size_t s = 0; s < FR_ARRAY_LEN(steps); s++) {
		struct fr_digest up = {0}, down = {0};

		for (uint32_t i = 0; i < FR_DIGEST_MAX_ENTRIES; i++) {
			uint32_t key = i * steps[s] % RANGE;

			assert_true(fr_digest_add(&up, key, NOW + 2 * HOUR, NOW));
			assert_true(fr_digest_add(&down, RANGE - 1 - key, NOW + 2 * HOUR, NOW));
		}
		check_round_trip(&up);
		check_round_trip(&down);
	}
}

static void nothing_that_was_added_is_missing(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		char value[FR_DIGEST_MAX_BYTES + 1];
		struct fr_digest d = {0};
		uint32_t n = 1 + random_below(FR_DIGEST_MAX_ENTRIES), base = random_below(1u << 30);

		for (uint32_t i = 0; i < n; i++)
			assert_true(
				fr_digest_add(&d, key_of(base + i), NOW + (i % 30 + 1) * DAY, NOW));
		(void)fr_digest_format(&d, value);
		d = parsed(value, NOW + 100);
		for (uint32_t i = 0; i < n; i++)
			assert_true(fr_digest_has(&d, key_of(base + i)));
	}
}

static void false_positives_are_as_rare_as_documented(void **state)
{
	uint64_t asked = 0, wrong = 0;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct fr_digest d = {0};

		for (unsigned i = 0; d.n < FR_DIGEST_MAX_ENTRIES; i++)
			(void)fr_digest_add(&d, key_of(round * 1000 + i), NOW + DAY, NOW);
		for (unsigned i = 0; i < 50000; i++, asked++)
			wrong += fr_digest_has(&d, key_of(10000000 + round * 50000 + i));
	}
	/* 1.53e-4 expected: 153 of a million; six standard deviations apart */
	print_message("%u of %u\n", (unsigned)wrong, (unsigned)asked);
	assert_in_range(wrong, 153 - 74, 153 + 74);
}

static void the_first_win_beyond_the_capacity(void **state)
{
	struct fr_digest d = {0};

	(void)state;
	for (uint32_t i = 0; i < FR_DIGEST_MAX_ENTRIES; i++)
		assert_true(fr_digest_add(&d, 1000 - i, NOW + DAY, NOW));
	assert_false(fr_digest_add(&d, 1, NOW + DAY, NOW));
	assert_false(fr_digest_has(&d, 1));
	assert_true(fr_digest_add(&d, 1000, NOW + DAY, NOW)); /* it is there */
	assert_int_equal(d.n, FR_DIGEST_MAX_ENTRIES);
}

static void merging_adds_what_fits_behind(void **state)
{
	struct fr_digest d = {0}, old = {0};

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(fr_digest_add(&d, 5000 + i, NOW + 20 * DAY, NOW));
		assert_true(fr_digest_add(&old, 5090 + i, NOW + 2 * DAY, NOW));
	}
	fr_digest_merge(&d, &old);
	assert_int_equal(d.n, FR_DIGEST_MAX_ENTRIES);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(fr_digest_has(&d, 5000 + i));
	for (uint32_t i = 10; i < 70; i++)
		assert_true(fr_digest_has(&d, 5090 + i));
	assert_false(fr_digest_has(&d, 5090 + 70));
	check_round_trip(&d);
}

static void what_expires_takes_only_its_group_along(void **state)
{
	char value[FR_DIGEST_MAX_BYTES + 1];
	struct fr_digest d = {0};

	(void)state;
	assert_true(fr_digest_add(&d, 1, NOW + 2 * HOUR, NOW));
	assert_true(fr_digest_add(&d, 2, NOW + 20 * HOUR, NOW));
	assert_true(fr_digest_add(&d, 3, NOW + 3 * DAY, NOW));
	assert_true(fr_digest_add(&d, 4, NOW + 365 * DAY, NOW));
	(void)fr_digest_format(&d, value);
	assert_int_equal(parsed(value, NOW).n, 4);
	assert_int_equal(parsed(value, NOW + 2 * HOUR - 60).n, 4);
	d = parsed(value, NOW + 2 * HOUR);
	assert_int_equal(d.n, 2);
	assert_true(fr_digest_has(&d, 3) && fr_digest_has(&d, 4));
	assert_int_equal(fr_digest_expires_s(&d), NOW + 30 * DAY);
	assert_int_equal(parsed(value, NOW + 3 * DAY).n, 1);
	assert_int_equal(parsed(value, NOW + 30 * DAY).n, 0);
	d = parsed(value, NOW + 365 * DAY);
	assert_int_equal(d.n, 0);
	assert_int_equal(fr_digest_format(&d, value), 0);
	assert_int_equal(fr_digest_expires_s(&d), 0);
}

static void a_digest_that_is_added_to_for_days_can_still_be_read(void **state)
{
	char value[FR_DIGEST_MAX_BYTES + 1];
	struct fr_digest d = {0}, back;

	(void)state;
	assert_true(fr_digest_add(&d, 1, NOW + 8 * DAY, NOW));
	assert_true(fr_digest_add(&d, 2, NOW + 10 * DAY, NOW + 5 * DAY));
	assert_true(fr_digest_add(&d, 3, NOW + 8 * DAY, NOW + 7 * DAY));
	(void)fr_digest_format(&d, value);
	back = parsed(value, NOW + 7 * DAY);
	assert_int_equal(back.n, 3);
	assert_true(fr_digest_has(&back, 1) && fr_digest_has(&back, 2) && fr_digest_has(&back, 3));
}

static void what_expired_meanwhile_takes_nothing_new_along(void **state)
{
	struct fr_digest d = {0}, page = {0};

	(void)state;
	assert_true(fr_digest_add(&d, 1, NOW + 2 * HOUR, NOW));
	assert_true(fr_digest_add(&d, 2, NOW + 3 * DAY, NOW));
	assert_true(fr_digest_add(&d, 3, NOW + 20 * HOUR, NOW + 5 * HOUR));
	assert_false(fr_digest_has(&d, 1));
	assert_true(fr_digest_has(&d, 2) && fr_digest_has(&d, 3));
	check_round_trip(&d);
	fr_digest_expire(&d, NOW + 20 * HOUR);
	assert_int_equal(d.n, 1);
	fr_digest_expire(&d, NOW + 3 * DAY);
	assert_memory_equal(&d, &page, sizeof d);
}

static void what_is_soon_stale_is_not_worth_it(void **state)
{
	struct fr_digest d = {0};

	(void)state;
	assert_false(fr_digest_add(&d, 1, NOW + HOUR - 1, NOW));
	assert_false(fr_digest_add(&d, 1, 0, NOW));
	assert_false(fr_digest_add(&d, 1, INT64_MAX, INT64_MAX));
	assert_true(fr_digest_add(&d, 1, NOW + HOUR, NOW));
	assert_true(fr_digest_add(&d, 2, INT64_MAX, NOW));
	check_round_trip(&d);
}

static void nothing_is_believed_for_longer_than_a_month(void **state)
{
	char value[FR_DIGEST_MAX_BYTES + 1];
	struct fr_digest d = {.n = 1, .v = {7}, .expires_min = {(1u << 26) - 1}};

	(void)state;
	(void)fr_digest_format(&d, value);
	d = parsed(value, NOW);
	assert_true(fr_digest_has(&d, 7));
	assert_int_equal(fr_digest_expires_s(&d), NOW + 30 * DAY);
}

static void refused(const char *value)
{
	struct fr_digest d = {.n = 77};

	assert_int_equal(fr_digest_parse(S(value), NOW, &d), FR_ERR_SYNTAX);
	assert_int_equal(d.n, 77);
}

static void other_versions_and_garbage_are_refused(void **state)
{
	char value[FR_DIGEST_MAX_BYTES + 2];

	(void)state;
	refused("");
	refused("A");
	refused("AQ");
	refused("!!!!");
	refused("\"\"");
	(void)snprintf(value, sizeof value, "B%s", &VALUE[1]); /* another version */
	refused(value);
	memset(value, 'A', sizeof value);
	value[sizeof value - 1] = 0;
	refused(value);
	(void)snprintf(value, sizeof value, "%sA", VALUE);
	refused(value);
	(void)snprintf(value, sizeof value, "%sAA", VALUE);
	refused(value);
	(void)snprintf(value, sizeof value, "%s=", VALUE);
	refused(value);
}

/* What a damaged value may be taken for: a digest within its bounds. */
static void check_harmless(const char *value, size_t len)
{
	struct fr_digest d;

	if (fr_digest_parse(fr_str_make(value, len), NOW, &d) < 0)
		return;
	assert_true(d.n <= FR_DIGEST_MAX_ENTRIES);
	assert_true(fr_digest_expires_s(&d) <= NOW + 30 * DAY);
	if (d.n)
		check_round_trip(&d);
}

static void every_flipped_bit_and_every_truncation_is_harmless(void **state)
{
	char value[FR_DIGEST_MAX_BYTES + 1];
	struct fr_digest d = {0};
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		(void)fr_digest_add(&d, key_of(i), NOW + HOUR + i * DAY / 3, NOW);
	len = fr_digest_format(&d, value);
	for (size_t i = 0; i < len; i++) {
		char *exact = malloc(i + 1), was = value[i];

		for (int c = 0; c < 256; c++) {
			value[i] = (char)c;
			check_harmless(value, len);
		}
		value[i] = was;
		memcpy(exact, value, i);
		assert_int_equal(fr_digest_parse(fr_str_make(exact, i), NOW, &d), FR_ERR_SYNTAX);
		free(exact);
	}
}

static void take(const char *field, const char *value, const char *rest)
{
	struct fr_str v, r;

	assert_int_equal(fr_digest_take(&arena, S(field), &v, &r), 1);
	assert_str(v, value);
	assert_str(r, rest);
}

static void the_cookie_is_taken_out_of_the_field(void **state)
{
	struct fr_str v, r;

	(void)state;
	take("fr-digest=abc", "abc", "");
	take("fr-digest=abc; a=b", "abc", "a=b");
	take("a=b; fr-digest=abc", "abc", "a=b");
	take("a=b; fr-digest=abc; c=d=e", "abc", "a=b; c=d=e");
	take("a=b;fr-digest = abc ;c", "abc", "a=b;c");
	take(";;a=b;  c;fr-digest=1", "1", "a=b;  c");
	take("fr-digest=1; a=b; fr-digest=2;; fr-digest=3", "1", "a=b");
	take("fr-digest=", "", "");
	take(" ; fr-digest=x=y; ", "x=y", "");
	assert_int_equal(fr_digest_take(&arena, S(""), &v, &r), 0);
	assert_int_equal(fr_digest_take(&arena, S("a=fr-digest=1; xfr-digest=2"), &v, &r), 0);
	assert_int_equal(fr_digest_take(&arena, S("fr-digest; fr-digests=1"), &v, &r), 0);
	assert_int_equal(fr_digest_take(&arena, S("FR-DIGEST=1"), &v, &r), 0);
}

static void without_memory_the_cookie_is_reported(void **state)
{
	struct fr_arena none;
	struct fr_str v, r;

	(void)state;
	fr_arena_init(&none, 1);
	assert_int_equal(fr_digest_take(&none, S("a=b; fr-digest=1"), &v, &r), FR_ERR_NOMEM);
	fr_arena_fini(&none);
}

static void base64url_has_one_spelling(void **state)
{
	uint8_t octets[8];
	char text[8];

	(void)state;
	assert_int_equal(fr_base64url_encode((const uint8_t *)"hell", 4, text), 6);
	assert_memory_equal(text, "aGVsbA", 6);
	assert_int_equal(fr_base64url_encode((const uint8_t *)"\xfb\xff\xfe", 3, text), 4);
	assert_memory_equal(text, "-__-", 4);
	assert_int_equal(fr_base64url_decode(S("-__-"), octets), 3);
	assert_memory_equal(octets, "\xfb\xff\xfe", 3);
	assert_int_equal(fr_base64url_decode(S("aGVsbA"), octets), 4);
	assert_int_equal(fr_base64url_decode(S("aGVsbB"), octets), FR_ERR_SYNTAX);
	assert_int_equal(fr_base64url_decode(S("aGVsb"), octets), FR_ERR_SYNTAX);
	assert_int_equal(fr_base64url_decode(S("aGV+"), octets), FR_ERR_SYNTAX);
	assert_int_equal(fr_base64url_decode(S("aGVsbA=="), octets), FR_ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_hash_is_part_of_the_format),
		T(a_value_written_once_can_always_be_read),
		T(random_digests_are_read_as_they_were_written),
		T(any_split_of_a_full_digest_fits),
		T(extreme_sets_fit_and_come_back),
		T(nothing_that_was_added_is_missing),
		T(false_positives_are_as_rare_as_documented),
		T(the_first_win_beyond_the_capacity),
		T(merging_adds_what_fits_behind),
		T(what_expires_takes_only_its_group_along),
		T(a_digest_that_is_added_to_for_days_can_still_be_read),
		T(what_expired_meanwhile_takes_nothing_new_along),
		T(what_is_soon_stale_is_not_worth_it),
		T(nothing_is_believed_for_longer_than_a_month),
		T(other_versions_and_garbage_are_refused),
		T(every_flipped_bit_and_every_truncation_is_harmless),
		T(the_cookie_is_taken_out_of_the_field),
		T(without_memory_the_cookie_is_reported),
		T(base64url_has_one_spelling),
	};

	RUN(tests);
}
