/* forerun version */
#ifndef FR_TOOLS_VERSION_H
#define FR_TOOLS_VERSION_H

int fr_tool_version(int argc, char **argv);

#endif
