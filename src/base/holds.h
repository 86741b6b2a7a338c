/* What should always hold, and what happens when it does not: the rule for FR_ASSERT
 * (base/err.h), and FR_HOLDS, for everything that the rule does not allow it for.
 * Everybody uses both.
 *
 * FR_ASSERT ends the process. Input must never get there. So on a path that bytes of a
 * peer can take it may only say
 * - what the function that it stands in proves by itself, or each of its callers in the
 *   same file proves just before the call (a state that was looked at, a sum), or
 * - that memory is what we take it for (a magic number, a length of a buffer, nobody
 *   refers to what is being freed): going on would write into foreign memory.
 * Start and end of the process, and arguments that are constants of the caller, may be
 * asserted freely. */
#ifndef FR_BASE_HOLDS_H
#define FR_BASE_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

/* Does it hold, as it always should? If not, it is counted (`internal_errors`) and logged
 * with file and line, and the caller ends the one exchange or connection that it is
 * about: `if (!FR_HOLDS(n <= left)) return FR_ERR_PROTOCOL;`. In builds with sanitizers
 * (FR_STRICT) it ends the process like FR_ASSERT, so that tests and fuzzing find it. */
#define FR_HOLDS(expr) ((expr) || fr_does_not_hold(#expr, __FILE__, __LINE__))
bool fr_does_not_hold(const char *expr, const char *file, int line); /* false */
/* How often one did not hold in this process. Thread-safe. */
uint64_t fr_internal_errors(void);

#endif
