/* forerun purge: removes responses from a running edge's cache. */
#ifndef FR_CLI_PURGE_PURGE_H
#define FR_CLI_PURGE_PURGE_H

int fr_tool_purge(int argc, char **argv);

#endif
