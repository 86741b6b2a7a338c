/* `forerun status`: how a running edge is, for people. */
#ifndef FR_CLI_STATUS_STATUS_H
#define FR_CLI_STATUS_STATUS_H

int fr_tool_status(int argc, char **argv);

#endif
