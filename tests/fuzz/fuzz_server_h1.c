/* The whole server against clients that speak HTTP/1.1 (server_script.h): nothing
 * may fail, leak, or reach a client that it was not meant for. */
#include "server_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fr_script_run(FR_SCRIPT_H1, data, size);
	return 0;
}
