/* forerun version: prints version and libraries. */
#ifndef FR_CLI_VERSION_VERSION_H
#define FR_CLI_VERSION_VERSION_H

int fr_tool_version(int argc, char **argv);

#endif
