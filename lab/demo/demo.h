/* forerun demo: a site of its own, an edge in front of it, and a comparison of
 * loading its page without and with push. */
#ifndef FR_LAB_DEMO_DEMO_H
#define FR_LAB_DEMO_DEMO_H

int fr_tool_demo(int argc, char **argv);

#endif
