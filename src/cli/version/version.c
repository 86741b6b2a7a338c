/* The command version. */
#include "cli/version/version.h"

#include <jansson.h>
#include <stdio.h>
#include <uv.h>

#include "base/crash.h"
#include "command/command.h"
#include "command/options.h"
#include "h2/session.h"
#include "net/tls.h"

static const char help[] =
	"usage: forerun version\n"
	"\n"
	"Prints the version, the versions of the libraries in use, and the build id that\n"
	"crash reports name.\n"
	"\n"
	"  --help  this text\n"
	"\n"
	"exit codes: 0 done; 2 wrong usage\n"
	"\n"
	"example: forerun version\n";

int fr_tool_version(int argc, char **argv)
{
	static const struct fr_command_line line = {.command = "version", .help = help};
	char build[2 * FR_CRASH_BUILD_ID_BYTES + 1];
	int first, rc = fr_options_read(&line, argc, argv, NULL, &first);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	printf("forerun %s\n", FR_VERSION);
	printf("nghttp2 %s, %s, libuv %s, jansson %s\n", fr_h2_library_version(),
	       fr_tls_library_version(), uv_version_string(), JANSSON_VERSION);
	fr_build_id(build);
	printf("build id %s\n", build);
	return FR_EXIT_OK;
}
