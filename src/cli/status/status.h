/* `forerun status`: prints the state of a running edge. */
#ifndef FR_CLI_STATUS_STATUS_H
#define FR_CLI_STATUS_STATUS_H

int fr_tool_status(int argc, char **argv);

#endif
