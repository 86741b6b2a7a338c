/* forerun check: validates a configuration file. */
#ifndef FR_TOOLS_CHECK_H
#define FR_TOOLS_CHECK_H

int fr_tool_check(int argc, char **argv);

#endif
