/* The command serve: with or without a parent. */
#include "cli/serve/serve.h"

#include <signal.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/serve/handover.h"
#include "cli/serve/options.h"
#include "cli/serve/parent.h"
#include "cli/serve/serving.h"
#include "cli/serve/setup.h"
#include "command/command.h"

/* The parent's end of the pair, where this is the process that it started; -1: it is not. */
static int handover_fd(void)
{
	const char *text = getenv(FR_HANDOVER_ENV);
	uint64_t fd = 0;

	if (!text || fr_str_to_u64(fr_str_from(text), &fd) < 0 || fd > INT32_MAX)
		return -1;
	(void)unsetenv(FR_HANDOVER_ENV);
	return (int)fd;
}

int fr_tool_serve(int argc, char **argv)
{
	struct fr_serve_options o = {0};
	sigset_t signals, old;
	int rc = fr_serve_options_read(argc, argv, &o), fd;

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	fr_serve_block_signals(&signals, &old);
	fd = handover_fd();
	if (fd >= 0)
		return fr_serve_under_parent(&o, fd);
	if (o.is_foreground)
		return fr_serve_alone(&o, &signals);
	return fr_parent_run(&o, argc, argv, &signals, &old);
}
