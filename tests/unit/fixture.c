#include "tests/unit/fixture.h"

#include <stdlib.h>

Suite *fixture_suite(const char *name, TCase **tests)
{
	Suite *suite = suite_create(name);
	*tests = tcase_create(name);
	tcase_set_timeout(*tests, 60); /* a loaded machine is no failure */
	suite_add_tcase(suite, *tests);
	return suite;
}

int fixture_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
