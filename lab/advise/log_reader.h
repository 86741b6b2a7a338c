/* An access log read for what pages need: an asset that is asked for with a page as its
 * Referer, in most of the page's loads, and that was not hinted; a push that clients
 * cancel. Only what was answered to a GET, whole, with 200 or 304 counts; pages of logins
 * and of administration do not, nor loads by robots, nor prefetches. No I/O. */
#ifndef FR_LAB_ADVISE_LOG_READER_H
#define FR_LAB_ADVISE_LOG_READER_H

#include "lab/advise/log_line.h"
#include "lab/replay/advice.h"

/* Pages, and assets of one page, that are counted; of more, those with the fewest loads
 * are forgotten, and further assets left out. */
#define FR_LOG_READER_MAX_PAGES 4096u
#define FR_LOG_READER_MAX_ASSETS 256u
/* Loads of a page before anything is said of it. */
#define FR_LOG_READER_LEAST_LOADS 5u
/* Of the loads in which an asset must be asked for, or cancelled. */
#define FR_LOG_READER_LEAST_PERCENT 50u
/* What is as large as this must be asked for in so many. */
#define FR_LOG_READER_LARGE_BYTES (100u << 10)
#define FR_LOG_READER_LARGE_PERCENT 80u

struct fr_log_reader_form {
	const struct fr_log_template *template; /* borrowed; NULL: whatever a line looks like */
	/* of lines that do not name them; "" or NULL: none */
	const char *scheme, *host;
	const struct fr_network *network; /* borrowed; what an idle link carries; NULL: 4g */
};

struct fr_log_reader_counts {
	size_t lines, not_understood; /* of all */
	size_t counted;               /* as loads and assets */
	size_t with_referer;          /* of those understood */
};

struct fr_log_reader;

/* form: copied, what it points to is not; NULL: all defaults. */
struct fr_log_reader *fr_log_reader_new(const struct fr_log_reader_form *form);
void fr_log_reader_free(struct fr_log_reader **l);
/* One line, without its end. False: it is not understood. */
bool fr_log_reader_line(struct fr_log_reader *l, struct fr_str line);
const struct fr_log_reader_counts *fr_log_reader_counts(const struct fr_log_reader *l);
/* Pages with enough loads. */
size_t fr_log_reader_pages(const struct fr_log_reader *l);
/* Advice for page i of these, most loaded first. */
void fr_log_reader_advise(struct fr_log_reader *l, size_t i, struct fr_advice *out);

/* "https://www.example.org" of a Referer that a style sheet, script or the like was asked
 * with: of most lines that do not name their host, it is that host. Empty: the line says
 * nothing of it. Borrowed from line. */
struct fr_str fr_log_reader_site_of(const struct fr_log_line *line);

#endif
