/* What is wrong with a text that is no YAML, in words for people. Private to src/config. */
#ifndef FR_CONFIG_YAML_FAULT_H
#define FR_CONFIG_YAML_FAULT_H

#include <stddef.h>

struct fr_yaml_fault {
	unsigned line; /* from 1; 0: the text is YAML */
	char text[200];
};

/* Looks for the first fault: what libyaml refuses, and what this configuration has no use
 * for (aliases, a second document). text: borrowed, a NUL follows its len bytes. */
void fr_yaml_fault_find(const char *text, size_t len, struct fr_yaml_fault *out);

#endif
