/* What certmon remembers: of each thing it announced, and of each message that it made.
 *
 * `notice`: key SHA-256 (a certificate's, or of the words that name another finding).
 * `outbox`: key number, big-endian; a message waits there until it is delivered, and what
 * became of it stays for the report. Both formats stand in truststore/FORMAT.md.
 */
#ifndef TVS_CERTMON_NOTICE_H
#define TVS_CERTMON_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/record.h"
#include "truststore/store.h"

struct notice {
	uint8_t kind;       /* enum finding_kind */
	int64_t first;      /* when it was first found */
	int64_t slot;       /* the last slot that was announced (schedule.h); SCHEDULE_NONE: none */
	int64_t sent;       /* when; 0: never */
	uint32_t count;     /* how many times since it was last covered; 0: it was only listed as covered */
	int64_t ack_until;  /* silent until then; 0: not acknowledged */
	struct text ack_reason;
	struct text told;   /* the ways by which that slot was announced (ways.h) */
};

/* ERR_NOT_FOUND when nothing is remembered; texts borrow from the transaction. */
int notice_get(struct txn *txn, const struct digest *id, struct notice *out);
int notice_put(struct txn *txn, const struct digest *id, const struct notice *notice);
int notice_delete(struct txn *txn, const struct digest *id); /* ERR_NOT_FOUND */
typedef int notice_fn(const struct digest *id, const struct notice *notice, void *arg, struct err *err);
int notice_each(struct txn *txn, notice_fn *each, void *arg, struct err *err);

enum outbox_state { OUTBOX_WAITING = 0, OUTBOX_DELIVERED = 1, OUTBOX_GIVEN_UP = 2 };

struct outbox {
	enum outbox_state state;
	int64_t made, tried; /* tried 0: not yet */
	uint32_t attempts;
	struct text to;      /* one recipient */
	struct text subject;
	struct text reply;   /* what the server said last, or why it could not be reached */
	struct text message; /* the whole message; empty once it is delivered */
};

enum {
	OUTBOX_KEEP = 100,               /* messages done with that stay for the report */
	OUTBOX_PATIENCE = 30 * 86400     /* seconds after which an undeliverable one is given up */
};

int outbox_get(struct txn *txn, uint64_t number, struct outbox *out); /* ERR_NOT_FOUND */
int outbox_put(struct txn *txn, uint64_t number, const struct outbox *message);
int outbox_add(struct txn *txn, const struct outbox *message, uint64_t *number);
typedef int outbox_fn(uint64_t number, const struct outbox *message, void *arg, struct err *err);
int outbox_each(struct txn *txn, outbox_fn *each, void *arg, struct err *err);

/* Forgets the oldest of those done with, so that OUTBOX_KEEP stay. */
int outbox_trim(struct txn *txn, struct err *err);

/* Decoders, for fuzzing: ERR_STORE for bytes that are no such record. */
int notice_decode(struct span bytes, struct notice *out);
int outbox_decode(struct span bytes, struct outbox *out);

#endif
