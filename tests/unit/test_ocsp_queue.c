#include <check.h>

#include "ocsp/queue.h"
#include "tests/unit/fixture.h"
#include "truststore/base/err.h"

enum { PARALLEL = 16, PROBES = 2, MOST = PARALLEL - PARALLEL / 8 };

static struct queue *queue;
static struct responder good = { .answers = true }, hanging, other = { .answers = true };

static void setup(void)
{
	queue = queue_new(PARALLEL, PROBES);
	ck_assert_ptr_nonnull(queue);
}

static void teardown(void)
{
	queue_free(queue);
}

static struct digest id(int n)
{
	struct digest digest;
	digest_of(&n, sizeof n, &digest);
	return digest;
}

static void add(int first, int count, struct responder *server)
{
	for (int n = first; n < first + count; n++) {
		const struct digest cert = id(n);
		ck_assert_int_eq(queue_add(queue, &cert, server, false), ERR_OK);
	}
}

START_TEST(each_is_taken_once_in_order)
{
	struct digest cert = id(3);
	add(0, 5, &good);
	ck_assert_int_eq(queue_add(queue, &cert, &other, true), ERR_OK); /* waits already */
	ck_assert_uint_eq(queue_count(queue), 5);
	for (int n = 0; n < 5; n++) {
		struct queue_item *item = queue_take(queue);
		cert = id(n);
		ck_assert(digest_equal(&item->cert, &cert));
		ck_assert(queue_has(queue, &cert));
		queue_done(queue, item);
		ck_assert(!queue_has(queue, &cert));
	}
	ck_assert_ptr_null(queue_take(queue));
	ck_assert_uint_eq(queue_count(queue), 0);
}
END_TEST

START_TEST(new_ones_come_in_front)
{
	struct digest cert = id(100);
	add(0, 5, &good);
	ck_assert_int_eq(queue_add(queue, &cert, &good, true), ERR_OK);
	struct queue_item *item = queue_take(queue);
	ck_assert(digest_equal(&item->cert, &cert));
	queue_done(queue, item);
}
END_TEST

START_TEST(silent_server_gets_few_places)
{
	add(0, 100, &hanging);
	add(1000, 100, &good);
	int of_hanging = 0, of_good = 0;
	struct queue_item *item;
	while ((item = queue_take(queue))) {
		int n = 0;
		struct digest cert = id(n);
		while (!digest_equal(&item->cert, &cert))
			cert = id(++n);
		*(n < 1000 ? &of_hanging : &of_good) += 1;
	}
	ck_assert_int_eq(of_hanging, PROBES);
	ck_assert_int_eq(of_good, MOST);
	ck_assert_uint_eq(queue_active(queue), PARALLEL);
}
END_TEST

START_TEST(places_stay_free_for_a_server_that_is_new)
{
	add(0, 100, &good);
	while (queue_take(queue))
		;
	ck_assert_uint_eq(queue_active(queue), MOST);
	add(1000, 1, &hanging);
	ck_assert_ptr_nonnull(queue_take(queue));
	add(2000, 1, NULL); /* names no server */
	ck_assert_ptr_nonnull(queue_take(queue));
	add(3000, 1, &other);
	ck_assert_ptr_null(queue_take(queue));
}
END_TEST

START_TEST(servers_take_turns)
{
	add(0, 4, &good);
	add(1000, 4, &other);
	struct queue_item *first = queue_take(queue), *second = queue_take(queue);
	ck_assert_ptr_ne(first->group, second->group);
}
END_TEST

START_TEST(one_at_a_time_is_possible)
{
	struct queue *small = queue_new(1, PROBES);
	for (int n = 0; n < 3; n++) {
		const struct digest cert = id(n);
		ck_assert_int_eq(queue_add(small, &cert, n ? &good : &hanging, false), ERR_OK);
	}
	for (int n = 0; n < 3; n++) {
		struct queue_item *item = queue_take(small);
		ck_assert_ptr_nonnull(item);
		ck_assert_ptr_null(queue_take(small));
		queue_done(small, item);
	}
	queue_free(small);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("ocsp_queue", &tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, each_is_taken_once_in_order);
	tcase_add_test(tests, new_ones_come_in_front);
	tcase_add_test(tests, silent_server_gets_few_places);
	tcase_add_test(tests, places_stay_free_for_a_server_that_is_new);
	tcase_add_test(tests, servers_take_turns);
	tcase_add_test(tests, one_at_a_time_is_possible);
	return fixture_run(suite);
}
