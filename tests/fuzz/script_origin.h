/* What the origin of a script answers (server_script.h): a response made of a
 * few bytes, at once or in parts. */
#ifndef FR_FUZZ_SCRIPT_ORIGIN_H
#define FR_FUZZ_SCRIPT_ORIGIN_H

#include "script_state.h"

void fr_script_answer_read(struct fr_script *s, struct fr_script_answer *a);
/* client: who asked, as far as the origin knows. */
void fr_script_answer_send(struct fr_script *s, const struct fr_script_answer *a, unsigned origin,
                           unsigned client);
/* More of a body, a chunk, a last chunk. */
void fr_script_answer_more(struct fr_script *s);

#endif
