/* The commands of the binary: one row each in main.c's table. A command has a
 * folder of its own, in cli/ or in lab/. */
#ifndef FR_COMMAND_COMMAND_H
#define FR_COMMAND_COMMAND_H

/* Exit codes of all commands. */
enum fr_exit {
	FR_EXIT_OK = 0,
	FR_EXIT_FAILED = 1, /* configuration, start-up or the task itself failed */
	FR_EXIT_USAGE = 2,  /* the command line is wrong */
	FR_EXIT_BUG = 3     /* objects were left over at the end: a bug of ours */
};

struct fr_command {
	const char *name;
	const char *summary; /* one line for the list of commands */
	/* argv[0] is the command's name. Returns an fr_exit. */
	int (*run)(int argc, char **argv);
};

#endif
