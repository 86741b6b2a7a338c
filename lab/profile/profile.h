/* forerun profile: a page with and without push and hints, measured, compared
 * and shown. */
#ifndef FR_LAB_PROFILE_PROFILE_H
#define FR_LAB_PROFILE_PROFILE_H

int fr_tool_profile(int argc, char **argv);

#endif
