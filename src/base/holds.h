/* Conditions that should always hold: the rule for FR_ASSERT (base/err.h), and FR_HOLDS
 * for everything that the rule excludes. All modules use both.
 *
 * FR_ASSERT ends the process, and input must never cause that. On a path that a peer's
 * bytes can take, it may only state
 * - what its own function proves, or each caller in the same file proves just before the
 *   call (a state that was checked, a sum), or
 * - that memory is what it is taken for (a magic number, a buffer's length, no reference
 *   to what is being freed): going on would write into foreign memory.
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
