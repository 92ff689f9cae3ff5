#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tvs/limits.h"

static struct limits *limits;

static void set_up(void)
{
	struct err err;
	ck_assert_int_eq(limits_new(&limits, &err), ERR_OK);
}

static void tear_down(void)
{
	limits_free(limits);
}

static struct host host(unsigned number)
{
	struct host made = { { 0x20, 0x01, 0x0d, 0xb8 } };
	memcpy(made.byte + 12, &number, sizeof number);
	return made;
}

static enum limits_verdict enter(int slot, unsigned number, uint32_t max, uint32_t per_address,
                                 struct limits_ticket *ticket)
{
	struct host one = host(number);
	return limits_enter(limits, slot, &one, max, per_address, ticket);
}

START_TEST(an_address_counts_over_all_workers)
{
	enum { WORKERS = 4, MOST = 64 };
	struct limits_ticket ticket[MOST], more;
	int slot[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		slot[i] = limits_slot_take(limits);
	for (int i = 0; i < MOST; i++)
		ck_assert_int_eq(enter(slot[i % WORKERS], 1, 1000, MOST, &ticket[i]), LIMITS_OK);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(enter(slot[i], 1, 1000, MOST, &more), LIMITS_ADDRESS);
	ck_assert_uint_eq(limits_connections(limits), MOST);
	/* another address has its own count */
	ck_assert_int_eq(enter(slot[0], 2, 1000, MOST, &more), LIMITS_OK);
	limits_leave(limits, slot[0], &more);
	/* one leaves, one comes, whichever worker it meets */
	limits_leave(limits, slot[1], &ticket[1]);
	ck_assert_int_eq(enter(slot[3], 1, 1000, MOST, &more), LIMITS_OK);
	ck_assert_int_eq(enter(slot[2], 1, 1000, MOST, &more), LIMITS_ADDRESS);
}
END_TEST

START_TEST(the_sum_counts_over_all_workers)
{
	struct limits_ticket ticket;
	int a = limits_slot_take(limits), b = limits_slot_take(limits);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(enter(i % 2 ? a : b, i, 10, 5, &ticket), LIMITS_OK);
	ck_assert_int_eq(enter(a, 100, 10, 5, &ticket), LIMITS_CONNECTIONS);
	ck_assert_int_eq(enter(b, 101, 10, 5, &ticket), LIMITS_CONNECTIONS);
	ck_assert_uint_eq(limits_connections(limits), 10);
}
END_TEST

START_TEST(a_dead_workers_part_is_cleared_and_its_counters_stay)
{
	struct limits_ticket ticket;
	struct metrics sum;
	int a = limits_slot_take(limits), b = limits_slot_take(limits);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(enter(a, 1, 100, 4, &ticket), LIMITS_OK);
	ck_assert_int_eq(enter(b, 1, 100, 4, &ticket), LIMITS_OK);
	ck_assert_int_eq(enter(b, 1, 100, 4, &ticket), LIMITS_ADDRESS);
	metrics_add(&limits_slot(limits, a)->metrics.accepted, 3);
	metrics_add(&limits_slot(limits, b)->metrics.accepted, 1);
	limits_slot_release(limits, a);
	ck_assert_uint_eq(limits_connections(limits), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(enter(b, 1, 100, 4, &ticket), LIMITS_OK);
	limits_metrics(limits, &sum);
	ck_assert_uint_eq(sum.accepted, 4);
	/* the part is used again, from nothing */
	ck_assert_int_eq(limits_slot_take(limits), a);
	limits_metrics(limits, &sum);
	ck_assert_uint_eq(sum.accepted, 4);
	ck_assert_int_eq(limits_slots(limits), 2);
}
END_TEST

START_TEST(slots_end)
{
	for (int i = 0; i < LIMITS_SLOTS; i++)
		ck_assert_int_eq(limits_slot_take(limits), i);
	ck_assert_int_eq(limits_slot_take(limits), -1);
	limits_slot_release(limits, 7);
	ck_assert_int_eq(limits_slot_take(limits), 7);
}
END_TEST

START_TEST(strangers_do_not_count_for_each_other)
{
	/* 20,000 connections of as many addresses: the sketch must not refuse an address with none. */
	struct limits_ticket ticket;
	int slot = limits_slot_take(limits);
	unsigned refused = 0;
	for (unsigned i = 0; i < 20000; i++)
		refused += enter(slot, i, 20000, 8, &ticket) != LIMITS_OK;
	ck_assert_uint_eq(refused, 0);
}
END_TEST

/* Enters and leaves as fast as it goes, and remembers the most that anybody saw. */
static void hammer(int slot, _Atomic unsigned *inside, _Atomic unsigned *most, _Atomic unsigned *entered)
{
	struct limits_ticket ticket;
	for (int i = 0; i < 20000; i++) {
		if (enter(slot, 1, 1000, 3, &ticket) != LIMITS_OK)
			continue;
		unsigned now = ++*inside;
		if (now > *most)
			*most = now;
		++*entered;
		--*inside;
		limits_leave(limits, slot, &ticket);
	}
}

START_TEST(processes_at_once_never_exceed_it)
{
	enum { PROCESSES = 4 };
	_Atomic unsigned *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	for (int i = 0; i < PROCESSES; i++) {
		int slot = limits_slot_take(limits);
		if (fork() == 0) {
			hammer(slot, &shared[0], &shared[1], &shared[2]);
			_exit(0);
		}
	}
	int status;
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_uint_le(shared[1], 3);
	ck_assert_uint_gt(shared[2], 20000);
	ck_assert_uint_eq(limits_connections(limits), 0);
	munmap(shared, 4096);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("limits", &tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_address_counts_over_all_workers);
	tcase_add_test(tests, the_sum_counts_over_all_workers);
	tcase_add_test(tests, a_dead_workers_part_is_cleared_and_its_counters_stay);
	tcase_add_test(tests, slots_end);
	tcase_add_test(tests, strangers_do_not_count_for_each_other);
	tcase_add_test(tests, processes_at_once_never_exceed_it);
	return fixture_run(suite);
}
