/* Links that a page's response need not repeat: fonts that its 103 named to a client that acts on
 * it. Whether it does is seen from its requests, not from its name: before the response it has
 * asked for something that the 103 named. Such a link does harm: Chromium delays the first paint
 * by up to 100 ms while a font that the response's Link names is not there, and the edge sends
 * fonts after the style sheets. All other links stay as the origin wrote them. No I/O, no clock. */
#ifndef FR_HINTS_REPEATED_H
#define FR_HINTS_REPEATED_H

#include "hints/plan.h"
#include "http/fields.h"

/* The client asks for that target of the page's origin. */
void fr_repeated_note_asked(struct fr_plan *p, struct fr_str target);

/* Takes such links out of the Link fields of a response that was the plan's latest message. A
 * field without links is removed. Other links keep their text and their order; without memory
 * all stay. Values that change are written anew, in the plan's arena. */
void fr_repeated_drop(struct fr_plan *p, struct fr_fields *fields);

#endif
