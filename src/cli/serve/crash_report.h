/* Reports how a serving process ended by itself: lines in the log, and a file in the state
 * folder, crash-TIME-PID.txt. The latest FR_CRASH_REPORTS_KEPT are kept. */
#ifndef FR_CLI_SERVE_CRASH_REPORT_H
#define FR_CLI_SERVE_CRASH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crash.h"

#define FR_CRASH_REPORTS_KEPT 16u
/* Program counters and workers in a report: more would say nothing more. */
#define FR_CRASH_REPORT_BYTES 65536u

struct fr_crash {
	int pid;
	int status;                       /* as waitpid gave it */
	uint64_t uptime_ms;               /* since it was started */
	unsigned before;                  /* crashes of earlier ones, under this parent */
	bool served;                      /* it was ready */
	const struct fr_crash_page *page; /* borrowed; what fr_crash_read gave; NULL: none */
};

/* Was it ended from outside (kill), and not by a fault of its own? */
bool fr_crash_is_from_outside(const struct fr_crash *c);
void fr_crash_report(const struct fr_crash *c);

#endif
