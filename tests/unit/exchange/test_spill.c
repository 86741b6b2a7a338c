/* Bodies that wait in temporary files: what goes in comes out, and room is given back. */
#include "exchange/spill.h"

#include "unit.h"

#define LIMIT (16ull * FR_SPILL_STEP_BYTES)
#define PIECE 60000u

static struct fr_admission *admission;
static struct fr_ticket ticket;

static void take_ticket(struct fr_ticket *t, const char *from)
{
	struct fr_ip ip;

	assert_int_equal(fr_ip_parse(S(from), &ip), 0);
	assert_int_equal(fr_admission_take(admission, &ip, t), FR_ADMITTED);
}

static int set_up(void **state)
{
	(void)state;
	admission = fr_admission_new(1);
	take_ticket(&ticket, "192.0.2.1");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_admission_give(admission, &ticket);
	fr_admission_free(&admission);
	return 0;
}

/* All of an address's part can be had: nothing is held any more. */
static void assert_all_given_back(void)
{
	assert_true(fr_admission_take_disk(admission, &ticket.address,
	                                   LIMIT / FR_ADMISSION_DISK_PART, LIMIT));
	fr_admission_give_disk(admission, &ticket.address, LIMIT / FR_ADMISSION_DISK_PART);
}

static uint8_t octet_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 251);
}

static void put(struct fr_spill *s, size_t at, size_t n)
{
	uint8_t data[PIECE];

	for (size_t i = 0; i < n; i++)
		data[i] = octet_at(at + i);
	assert_int_equal(fr_spill_append(s, data, n), 0);
}

static void get(struct fr_spill *s, size_t at, size_t n)
{
	uint8_t data[PIECE];
	size_t got;

	assert_int_equal(fr_spill_take(s, data, n, &got), 0);
	assert_int_equal(got, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(data[i], octet_at(at + i));
}

static void what_goes_in_comes_out_in_order(void **state)
{
	struct fr_spill *s = fr_spill_new(admission, &ticket.address, LIMIT);
	size_t in = 0, out = 0, n;

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < 200; i++) {
		put(s, in, PIECE);
		in += PIECE;
		/* falls behind by up to 3 MB, and catches up twice */
		if (i % 100 < 50)
			continue;
		for (int k = 0; k < 2; k++, out += PIECE)
			get(s, out, PIECE);
	}
	assert_int_equal(fr_spill_len(s), in - out);
	assert_int_equal(fr_spill_take(s, (uint8_t[1]){0}, 1, &n), 0);
	assert_int_equal(n, 0);
	fr_spill_free(&s);
	assert_all_given_back();
}

static void one_address_has_a_part(void **state)
{
	struct fr_spill *s = fr_spill_new(admission, &ticket.address, LIMIT), *other;
	struct fr_ticket theirs;

	(void)state;
	assert_non_null(s);
	assert_int_equal(fr_spill_reserve(s, LIMIT / FR_ADMISSION_DISK_PART), 0);
	assert_int_equal(fr_spill_reserve(s, LIMIT / FR_ADMISSION_DISK_PART + 1), FR_ERR_LIMIT);
	assert_null(fr_spill_new(admission, &ticket.address, LIMIT));
	take_ticket(&theirs, "192.0.2.2");
	other = fr_spill_new(admission, &theirs.address, LIMIT);
	assert_non_null(other);
	fr_spill_free(&other);
	fr_admission_give(admission, &theirs);
	fr_spill_free(&s);
	assert_all_given_back();
}

static void all_together_have_a_bound(void **state)
{
	struct fr_ticket tickets[FR_ADMISSION_DISK_PART];

	(void)state;
	for (size_t i = 0; i < FR_ADMISSION_DISK_PART; i++) {
		char from[32];

		(void)snprintf(from, sizeof from, "198.51.100.%zu", i);
		take_ticket(&tickets[i], from);
		assert_true(fr_admission_take_disk(admission, &tickets[i].address,
		                                   LIMIT / FR_ADMISSION_DISK_PART, LIMIT));
	}
	assert_null(fr_spill_new(admission, &ticket.address, LIMIT));
	for (size_t i = 0; i < FR_ADMISSION_DISK_PART; i++) {
		fr_admission_give_disk(admission, &tickets[i].address,
		                       LIMIT / FR_ADMISSION_DISK_PART);
		fr_admission_give(admission, &tickets[i]);
	}
	assert_all_given_back();
}

static void without_a_folder_there_is_none(void **state)
{
	const char *before = getenv("TMPDIR");
	char *kept = before ? strdup(before) : NULL;

	(void)state;
	assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	assert_null(fr_spill_new(admission, &ticket.address, LIMIT));
	assert_all_given_back();
	assert_int_equal(kept ? setenv("TMPDIR", kept, 1) : unsetenv("TMPDIR"), 0);
	free(kept);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out_in_order),
		TEST(one_address_has_a_part),
		TEST(all_together_have_a_bound),
		TEST(without_a_folder_there_is_none),
	};

	RUN(tests);
}
