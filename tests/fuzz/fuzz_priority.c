/* A Priority field: in range whatever it says, untouched if it is malformed,
 * and reading it twice says the same. */
#include "http/priority.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_priority p = {.urgency = 5, .incremental = true}, again;

	if (fr_priority_parse(fr_str_make((const char *)data, size), &p) < 0)
		FR_ASSERT(p.urgency == 5 && p.incremental);
	FR_ASSERT(p.urgency <= FR_URGENCY_LOWEST);
	again = p;
	(void)!fr_priority_parse(fr_str_make((const char *)data, size), &again);
	FR_ASSERT(again.urgency == p.urgency && again.incremental == p.incremental);
	return 0;
}
