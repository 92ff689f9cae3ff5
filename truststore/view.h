/* A stored certificate as people and programs are told of it: gathered once, written as JSON or text. */
#ifndef TVS_VIEW_H
#define TVS_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/purpose.h"
#include "truststore/trust.h"

/* What every view of one transaction has in common. */
struct view_scene {
	struct txn *txn;
	const struct answer_policy *policy;
	int64_t now;
	bool own[PURPOSE_COUNT]; /* there is an own certificate */
	struct digest own_cert[PURPOSE_COUNT];
};
int view_scene_init(struct view_scene *scene, struct txn *txn, const struct answer_policy *policy,
                    int64_t now, struct err *err);
/* The purpose whose own certificate this is, -1 for none. */
int view_purpose(const struct view_scene *scene, const struct digest *id);

/* Starts with zeroes, can be filled again and again, ends with view_deinit. */
struct view {
	struct digest id;
	struct cert_record cert; /* borrowed from the transaction */
	struct answer answer;
	struct verdict verdict;
	uint32_t roles;          /* that memberships give now, whatever the verdict */
	int purpose;             /* of which it is the own certificate; -1: none */
	char *stores;            /* names that commas separate */
	size_t stores_len, stores_room;
	int64_t *until;          /* of each of them: when the membership ends by itself; CLOCK_NEVER: not */
	size_t until_count, until_room;
};
void view_deinit(struct view *view);

/* `cert` NULL: it is looked up. ERR_NOT_FOUND if it is not stored. */
int view_fill(struct view *view, const struct view_scene *scene, const struct digest *id,
              const struct cert_record *cert, struct err *err);

/* The two halves of it: everything but the stores, which take a look-up each; and the stores. */
void view_judge(struct view *view, const struct view_scene *scene, const struct digest *id,
                const struct cert_record *cert);
int view_stores(struct view *view, const struct view_scene *scene, struct err *err);

/* A record of a certificate that is not stored; borrows from `cert`. */
void view_record(const struct cert *cert, struct cert_record *out);

/* The members that the JSON of every certificate has, into an object that is open. */
void view_json(struct jsonw *out, const struct view *view);

/* A table for lists, and one row of it. */
struct out_table *view_table_new(void); /* NULL: no memory */
int view_row(struct out_table *table, const struct view *view, struct err *err);

/* "RSA 2048" */
enum { VIEW_KEY_SIZE = 32 };
char *view_key(const struct cert_record *cert, char out[VIEW_KEY_SIZE]);

#endif
