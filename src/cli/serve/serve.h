/* forerun serve: runs the edge until it is stopped. */
#ifndef FR_CLI_SERVE_SERVE_H
#define FR_CLI_SERVE_SERVE_H

int fr_tool_serve(int argc, char **argv);

#endif
