/* Forerun's access log (JSON, an object a line) read for what pages need: an
 * asset that is asked for with a page as its Referer, in most of the page's
 * loads, and that was not hinted; a push that clients cancel. No I/O. */
#ifndef FR_LAB_ADVISE_LOG_READER_H
#define FR_LAB_ADVISE_LOG_READER_H

#include "lab/replay/advice.h"

/* Pages, and assets of one page, that are counted; others are left out. */
#define FR_LOG_READER_MAX_PAGES 1000u
#define FR_LOG_READER_MAX_ASSETS 256u
/* Loads of a page before anything is said of it. */
#define FR_LOG_READER_LEAST_LOADS 5u
/* Of the loads in which an asset must be asked for, or cancelled. */
#define FR_LOG_READER_LEAST_PERCENT 50u
#define FR_LOG_READER_LINE_BYTES (256u << 10)

struct fr_log_reader;

struct fr_log_reader *fr_log_reader_new(void);
void fr_log_reader_free(struct fr_log_reader **l);
/* One line, without its end. False: no object of an access log. */
bool fr_log_reader_line(struct fr_log_reader *l, struct fr_str line);
/* Pages with enough loads. */
size_t fr_log_reader_pages(const struct fr_log_reader *l);
/* Advice for page i of these, most loaded first. */
void fr_log_reader_advise(struct fr_log_reader *l, size_t i, struct fr_advice *out);

#endif
