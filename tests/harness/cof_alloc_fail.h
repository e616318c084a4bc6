/*
 * Makes the n-th allocation fail. A program that uses this links with alloc_fail_dep, which sends
 * malloc, calloc, realloc and aligned_alloc of the code that it links statically through here;
 * those of OpenSSL and jansson too where it asks.
 */
#ifndef COF_HARNESS_ALLOC_FAIL_H
#define COF_HARNESS_ALLOC_FAIL_H

#include <stdbool.h>

#include "tcb/base/status.h"

/** The n-th allocation of this thread from now fails, once; 0: none does. */
void cof_alloc_fail_at(unsigned long n);

/** Ends the injection. @return whether an allocation was made to fail. */
bool cof_alloc_fail_stop(void);

/** Lets allocations work for a while, for what a test prepares. @return what cof_alloc_fail_resume
 * takes. */
unsigned long cof_alloc_fail_pause(void);
void cof_alloc_fail_resume(unsigned long left);

/** Includes jansson's allocations from now on. Before any JSON value is made. */
void cof_alloc_fail_hook_jansson(void);

/** Includes OpenSSL's. @return false when OpenSSL has allocated already. */
bool cof_alloc_fail_hook_openssl(void);

/**
 * Calls run for n = 1, 2, 3, … with the n-th allocation failing, until one run needs fewer than n.
 * From the 3000th on, which only runs through all of OpenSSL reach, one in five; with the
 * environment variable COF_EVERY_ALLOCATION set, every one. run gives back what it made, in every
 * case. Each run must end in OK (the allocation was not needed), NO_MEMORY or one of also (ends
 * with COF_OK); the last one in OK: else the cmocka test fails.
 * @return about how many allocations a run makes.
 */
unsigned long cof_alloc_fail_each(cof_status (*run)(void *context), void *context,
                                  const cof_status *also);

#endif
