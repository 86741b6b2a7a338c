/* The lines of a file, plain or compressed with gzip, as rotated logs are. A line that is
 * too long is passed over whole, so its tail is never taken for a line. */
#ifndef FR_LAB_ADVISE_LINES_H
#define FR_LAB_ADVISE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define FR_LINE_BYTES (256u << 10)

struct fr_lines;

/* NULL with errno set: it cannot be opened. */
struct fr_lines *fr_lines_open(const char *file);
void fr_lines_close(struct fr_lines **l);
/* The next line without its end, borrowed until the next call; it may hold NUL bytes.
 * False: the end, or the file cannot be read on (fr_lines_error). */
bool fr_lines_next(struct fr_lines *l, struct fr_str *line);
/* Back to the first line. False: the file cannot be read twice, as a pipe. */
bool fr_lines_rewind(struct fr_lines *l);
/* Up to len bytes from where reading stands; 0 at the end. Not to be mixed with lines. */
size_t fr_lines_read(struct fr_lines *l, void *to, size_t len);
/* Lines that were too long, since the first. */
size_t fr_lines_passed_over(const struct fr_lines *l);
bool fr_lines_error(const struct fr_lines *l);

#endif
