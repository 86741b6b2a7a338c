/* What a request is for: the page that a person asked for, or something else that only comes as
 * HTML, like a favicon.ico that is not there. No I/O. */
#ifndef FR_HTTP_DESTINATION_H
#define FR_HTTP_DESTINATION_H

#include <stdbool.h>

#include "http/message.h"

/* May the response be a page? No if the client says what else it is for (Sec-Fetch-Dest), or
 * asks for a file that clients ask for by themselves. */
bool fr_destination_may_be_page(const struct fr_request *req);

#endif
