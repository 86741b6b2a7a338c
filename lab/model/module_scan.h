/* Finds the static imports of a JavaScript module: "import x from 'y'", "import 'y'",
 * "export ... from 'y'". Comments, strings, templates and regular expressions are skipped.
 * What import() asks for is not known before the script runs. No I/O. */
#ifndef FR_LAB_MODEL_MODULE_SCAN_H
#define FR_LAB_MODEL_MODULE_SCAN_H

#include "base/str.h"
#include "hints/plan.h"

/* specifier: as written, borrowed. as: SCRIPT, or what "with {type: ...}" says. */
void fr_module_scan(struct fr_str script,
                    void (*on_import)(void *user, struct fr_str specifier, enum fr_as as),
                    void *user);

#endif
