/* The whole server against an origin that answers anything (server_script.h): nothing
 * may fail, leak, or reach a client that it was not meant for. */
#include "server_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fr_script_run(FR_SCRIPT_ORIGIN, data, size);
	return 0;
}
