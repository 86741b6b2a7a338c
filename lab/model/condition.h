/* Conditions of media queries and of @supports: things in brackets joined by and, or and
 * not, evaluated with three values, so that what is not known stays unknown. No I/O. */
#ifndef FR_LAB_MODEL_CONDITION_H
#define FR_LAB_MODEL_CONDITION_H

#include "lab/model/media.h"

enum fr_media fr_media_both(enum fr_media a, enum fr_media b);
enum fr_media fr_media_either(enum fr_media a, enum fr_media b);
enum fr_media fr_media_opposite(enum fr_media a);

/* Judges the condition that *s begins with, and takes it off. leaf judges what stands in
 * a pair of brackets. Functions are unknown. */
enum fr_media fr_condition_judge(struct fr_str *s, bool allow_or,
                                 enum fr_media (*leaf)(struct fr_str inner));

/* The word at the beginning of s; "" before a bracket. */
struct fr_str fr_condition_word(struct fr_str s);
/* Takes that word off, whatever its case, and white space after it. */
bool fr_condition_take_word(struct fr_str *s, const char *word);

#endif
