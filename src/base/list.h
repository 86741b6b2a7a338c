/* Intrusive lists: an item has `next` and `pprev`, which points to what points to it, so
 * that it leaves its list without knowing which one that is:
 *
 *   head -> [next | pprev] -> [next | pprev] -> NULL
 *     ^--------------'  ^--------------'
 *
 * pprev is NULL while an item is in no list. Removal leaves `next`, so that a loop may
 * remove the item that it stands at. Arguments are evaluated more than once. */
#ifndef FR_BASE_LIST_H
#define FR_BASE_LIST_H

#include <stddef.h>

/* head: a pointer to the first item; the item becomes the first. */
#define FR_LIST_PUSH(head, item)                                                                   \
	do {                                                                                       \
		(item)->next = (head);                                                             \
		(item)->pprev = &(head);                                                           \
		if ((item)->next)                                                                  \
			(item)->next->pprev = &(item)->next;                                       \
		(head) = (item);                                                                   \
	} while (0)

/* The item is in a list. */
#define FR_LIST_REMOVE(item)                                                                       \
	do {                                                                                       \
		*(item)->pprev = (item)->next;                                                     \
		if ((item)->next)                                                                  \
			(item)->next->pprev = (item)->pprev;                                       \
		(item)->pprev = NULL;                                                              \
	} while (0)

/* Lists with a tail, which points to the last item's `next`, or to the head: items are added
 * there. next, pprev: the members' names. */
#define FR_LIST_APPEND(tail, item, next, pprev)                                                    \
	do {                                                                                       \
		(item)->next = NULL;                                                               \
		(item)->pprev = (tail);                                                            \
		*(tail) = (item);                                                                  \
		(tail) = &(item)->next;                                                            \
	} while (0)

#define FR_LIST_REMOVE_TAILED(tail, item, next, pprev)                                             \
	do {                                                                                       \
		*(item)->pprev = (item)->next;                                                     \
		if ((item)->next)                                                                  \
			(item)->next->pprev = (item)->pprev;                                       \
		else                                                                               \
			(tail) = (item)->pprev;                                                    \
		(item)->pprev = NULL;                                                              \
	} while (0)

#endif
