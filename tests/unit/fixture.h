/* What every unit test begins and ends with. */
#ifndef TVS_FIXTURE_H
#define TVS_FIXTURE_H

#include <check.h>

/* A suite with one test case, to which the tests are added; fixture_run frees both. */
Suite *fixture_suite(const char *name, TCase **tests);

/* Runs it and returns the exit code of main. */
int fixture_run(Suite *suite);

#endif
