/* forerun advise: what to change so that a page gains from push and hints. */
#ifndef FR_LAB_ADVISE_ADVISE_H
#define FR_LAB_ADVISE_ADVISE_H

int fr_tool_advise(int argc, char **argv);

#endif
