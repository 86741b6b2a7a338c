/* Requests: fed whole and in pieces, the parser must say the same. */
#include "fuzz_h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_h1(data, size, true);
}
