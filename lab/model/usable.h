/* What Chromium can use: media types of scripts, style sheets, pictures and fonts, and the
 * destinations that it preloads. What it cannot use it does not ask for. No I/O. */
#ifndef FR_LAB_MODEL_USABLE_H
#define FR_LAB_MODEL_USABLE_H

#include "base/str.h"
#include "hints/plan.h"

/* type="" and language="" of a script element (p NULL: not there). Modules are not meant. */
bool fr_script_type_is_usable(struct fr_str type, struct fr_str language);
/* type="" of a style element, or of a link to a style sheet. Empty: yes. */
bool fr_style_type_is_usable(struct fr_str type);
/* type="" of a source of a picture. Empty: yes. */
bool fr_image_type_is_usable(struct fr_str type);
/* Does a preload of that destination and media type (may be empty) cause a request? */
bool fr_preload_is_usable(enum fr_as as, struct fr_str type);
/* A source of a font: its format("...") and tech(...), as written; empty: none. */
bool fr_font_is_usable(struct fr_str format, struct fr_str tech);

#endif
