#include "base/octets.h"

#include "unit.h"

static void a_number_is_written_least_significant_octet_first(void **state)
{
	static const uint8_t octets[] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
	const uint64_t number = UINT64_C(0x0102030405060708);

	(void)state;
	for (size_t n = 0; n <= sizeof octets; n++) {
		uint8_t out[sizeof octets] = {0}, rest[sizeof octets] = {0};
		uint64_t kept = n < 8 ? number & ((UINT64_C(1) << (8 * n)) - 1) : number;

		fr_octets_put(out, number, n);
		assert_memory_equal(out, octets, n);
		assert_memory_equal(out + n, rest, sizeof octets - n);
		assert_true(fr_octets_get(out, n) == kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_written_least_significant_octet_first),
	};

	RUN(tests);
}
