/* What the clients of a script send (server_script.h): whole requests from a
 * few bytes, parts of them, frames. */
#ifndef FR_FUZZ_SCRIPT_CLIENT_H
#define FR_FUZZ_SCRIPT_CLIENT_H

#include "script_state.h"

/* A connection of it was made: what every client says first. */
void fr_script_client_opened(struct fr_script *s, unsigned c);
void fr_script_request(struct fr_script *s, unsigned c);
void fr_script_body(struct fr_script *s, unsigned c);
/* HTTP/2: a frame of any type and content. HTTP/1.1: a line of anything. */
void fr_script_frame(struct fr_script *s, unsigned c);
/* HTTP/2: a frame that makes sense. HTTP/1.1: a piece of a request. */
void fr_script_control(struct fr_script *s, unsigned c);

#endif
