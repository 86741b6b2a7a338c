/* The command experiment: compares page loads with and without hints, of a page, a template or a
 * site, with a share of the visitors held out. Through a running edge's admin interface. */
#ifndef FR_CLI_EXPERIMENT_EXPERIMENT_H
#define FR_CLI_EXPERIMENT_EXPERIMENT_H

/* Returns an enum fr_exit. */
int fr_tool_experiment(int argc, char **argv);

#endif
