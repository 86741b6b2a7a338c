#include "cli/version/version.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/crash.h"
#include "command/command.h"
#include "h2/session.h"
#include "net/tls.h"

int fr_tool_version(int argc, char **argv)
{
	char build[2 * FR_CRASH_BUILD_ID_BYTES + 1];

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("usage: forerun version\n\nPrints the version and the libraries in use, and "
		     "the build id\nthat crash reports name.");
		return FR_EXIT_OK;
	}
	if (argc > 1) {
		fprintf(stderr, "forerun version: unexpected argument '%s'; it takes none\n",
		        argv[1]);
		return FR_EXIT_USAGE;
	}
	printf("forerun %s\n", FR_VERSION);
	printf("nghttp2 %s, %s, libuv %s, jansson %s\n", fr_h2_library_version(),
	       fr_tls_library_version(), uv_version_string(), JANSSON_VERSION);
	fr_build_id(build);
	printf("build id %s\n", build);
	return FR_EXIT_OK;
}
