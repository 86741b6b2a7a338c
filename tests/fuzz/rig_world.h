/* The world of a server that is fuzzed: its clock, timers, random numbers, the
 * addresses of its clients and the connections that it makes. The linker puts
 * these in place of the system's (--wrap, see CMakeLists.txt), so that one
 * input is always the same run and no time limit is waited for. */
#ifndef FR_FUZZ_RIG_WORLD_H
#define FR_FUZZ_RIG_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The clock begins anew; no timer and no connection may be left. seed: of the
 * random numbers. */
void fr_world_begin(uint64_t seed);
/* Later by so much; what is due runs, once each. */
void fr_world_advance(uint64_t ms);

/* How the server's next connections to its origin end. */
enum fr_world_connect { FR_WORLD_ACCEPT, FR_WORLD_REFUSE, FR_WORLD_HANG };
void fr_world_set_connect(enum fr_world_connect how);
/* Tells the server of the connections that it has asked for. taken: gets the
 * origin's end of each (nonblocking, owned from then on). False: none waited. */
bool fr_world_connect(void (*taken)(void *user, int fd), void *user);

/* A pair of nonblocking sockets; bytes: what either holds, 0: the system's choice. */
void fr_world_pair(int fds[2], int bytes);
/* The address that the server sees behind `fd`: 192.0.2.N. */
void fr_world_set_peer(int fd, unsigned n);
/* Measured of every client's path; 0: nothing is known. */
void fr_world_set_rtt(uint32_t us);

#endif
