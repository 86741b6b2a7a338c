/* `forerun top`: a running edge, live in the terminal. */
#ifndef FR_CLI_TOP_TOP_H
#define FR_CLI_TOP_TOP_H

int fr_tool_top(int argc, char **argv);

#endif
