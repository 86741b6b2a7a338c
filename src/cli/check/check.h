/* forerun check: validates a configuration file. */
#ifndef FR_CLI_CHECK_CHECK_H
#define FR_CLI_CHECK_CHECK_H

int fr_tool_check(int argc, char **argv);

#endif
