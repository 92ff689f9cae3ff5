#include "config.h"

#include "tvs/limits.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "truststore/base/digest.h"

struct limits {
	uint8_t key[32];            /* keeps strangers from choosing addresses that meet */
	_Atomic int slots;          /* those behind were never used */
	struct metrics dead;        /* counters of workers that are gone */
	struct limits_slot slot[LIMITS_SLOTS];
};

enum { TRIES = 8 };

int limits_new(struct limits **out, struct err *err)
{
	/* Only what is touched becomes memory. */
	struct limits *limits = mmap(NULL, sizeof *limits, PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (limits == MAP_FAILED)
		return err_errno(err, "cannot map the shared page");
	if (getrandom(limits->key, sizeof limits->key, 0) != sizeof limits->key) {
		err_errno(err, "cannot get random bytes");
		limits_free(limits);
		return ERR_SYSTEM;
	}
	*out = limits;
	return ERR_OK;
}

void limits_free(struct limits *limits)
{
	if (limits)
		munmap(limits, sizeof *limits);
}

int limits_slot_take(struct limits *limits)
{
	for (int i = 0; i < LIMITS_SLOTS; i++) {
		if (limits->slot[i].use == LIMITS_USED)
			continue;
		if (i >= limits->slots)
			limits->slots = i + 1;
		limits->slot[i].use = LIMITS_USED;
		return i;
	}
	return -1;
}

void limits_slot_release(struct limits *limits, int slot)
{
	struct limits_slot *dead = &limits->slot[slot];
	metrics_sum(&limits->dead, &dead->metrics);
	for (int row = 0; row < LIMITS_ROWS; row++)
		for (int cell = 0; cell < LIMITS_CELLS; cell++)
			if (atomic_load_explicit(&dead->cell[row][cell], memory_order_relaxed))
				atomic_store_explicit(&dead->cell[row][cell], 0, memory_order_relaxed);
	memset((void *)&dead->metrics, 0, sizeof dead->metrics);
	dead->connections = 0;
	dead->heartbeat = 0;
	dead->revision = dead->certificates = 0;
	dead->own_loaded = dead->own_seen = 0;
	dead->not_after = 0;
	dead->use = LIMITS_FREE;
}

struct limits_slot *limits_slot(struct limits *limits, int slot)
{
	return &limits->slot[slot];
}

int limits_slots(const struct limits *limits)
{
	return limits->slots;
}

static void ticket_for(const struct limits *limits, const struct host *host, struct limits_ticket *out)
{
	uint8_t text[sizeof limits->key + sizeof host->byte];
	struct digest digest;
	memcpy(text, limits->key, sizeof limits->key);
	memcpy(text + sizeof limits->key, host->byte, sizeof host->byte);
	digest_of(text, sizeof text, &digest);
	for (int row = 0; row < LIMITS_ROWS; row++)
		out->cell[row] = (uint16_t)(digest.byte[2 * row] << 8 | digest.byte[2 * row + 1]);
}

uint32_t limits_connections(const struct limits *limits)
{
	uint32_t sum = 0;
	for (int i = 0; i < limits->slots; i++)
		sum += limits->slot[i].connections;
	return sum;
}

/* At least as many as there are of that address, the caller's own part included. */
static uint32_t of_address(const struct limits *limits, const struct limits_ticket *ticket)
{
	uint32_t least = UINT32_MAX;
	for (int row = 0; row < LIMITS_ROWS; row++) {
		uint32_t sum = 0;
		for (int i = 0; i < limits->slots; i++)
			if (limits->slot[i].use == LIMITS_USED)
				sum += limits->slot[i].cell[row][ticket->cell[row]];
		if (sum < least)
			least = sum;
	}
	return least;
}

static void count(struct limits_slot *slot, const struct limits_ticket *ticket, int by)
{
	slot->connections += (uint32_t)by;
	for (int row = 0; row < LIMITS_ROWS; row++)
		slot->cell[row][ticket->cell[row]] += (uint32_t)by;
}

enum limits_verdict limits_enter(struct limits *limits, int slot, const struct host *host,
                                 uint32_t max_connections, uint32_t max_address,
                                 struct limits_ticket *ticket)
{
	struct limits_slot *own = &limits->slot[slot];
	ticket_for(limits, host, ticket);
	/* Two workers that both count the last one at the same instant both see one too many: then each takes it
	 * back and tries again, at its own pace. */
	for (int try = 0;; try++) {
		count(own, ticket, 1);
		enum limits_verdict verdict = LIMITS_OK;
		if (limits_connections(limits) > max_connections)
			verdict = LIMITS_CONNECTIONS;
		else if (of_address(limits, ticket) > max_address)
			verdict = LIMITS_ADDRESS;
		if (verdict == LIMITS_OK)
			return LIMITS_OK;
		count(own, ticket, -1);
		if (try == TRIES || limits_connections(limits) >= max_connections ||
		    of_address(limits, ticket) >= max_address)
			return verdict;
		for (volatile int pause = 0; pause < (slot + 1) * 64; pause++)
			;
	}
}

void limits_leave(struct limits *limits, int slot, const struct limits_ticket *ticket)
{
	count(&limits->slot[slot], ticket, -1);
}

void limits_metrics(const struct limits *limits, struct metrics *out)
{
	memset((void *)out, 0, sizeof *out);
	metrics_sum(out, &limits->dead);
	for (int i = 0; i < limits->slots; i++)
		metrics_sum(out, &limits->slot[i].metrics);
}
