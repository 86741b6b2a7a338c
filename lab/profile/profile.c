/* The command profile: options, measurement, output. */
#include "lab/profile/profile.h"

#include <stdlib.h>

#include "base/mem.h"
#include "command/command.h"
#include "lab/measurement/series.h"
#include "lab/profile/measure.h"
#include "lab/profile/options.h"
#include "lab/profile/output.h"

int fr_tool_profile(int argc, char **argv)
{
	struct fr_profile_options *o = fr_calloc(1, sizeof *o);
	int rc = fr_profile_options_read(argc, argv, o);
	struct fr_profile *p;

	if (rc) {
		free(o);
		return rc > 0 ? FR_EXIT_OK : -rc;
	}
	p = fr_calloc(1, sizeof *p);
	rc = fr_profile_output_check(o);
	if (rc == FR_EXIT_OK)
		rc = fr_measure(o, "profile", p);
	if (rc == FR_EXIT_OK)
		rc = fr_profile_output(o, p);
	fr_profile_fini(p);
	free(p);
	free(o);
	return rc;
}
