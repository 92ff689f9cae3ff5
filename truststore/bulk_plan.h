/* What an import does with one certificate in one trust store: decided from facts alone. */
#ifndef TVS_BULK_PLAN_H
#define TVS_BULK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "truststore/base/conf.h"
#include "truststore/bulk_type.h"

struct bulk_facts {
	bool has_store;           /* the trust store exists here */
	uint32_t store_roles;     /* that it gives */
	uint32_t asked;           /* that the cluster itself gives */
	uint32_t ceiling;         /* that it may grant here */
	bool blocked;
	const char *removed_from; /* a trust store from which it was removed here; NULL: none */
	const char *held_by;      /* the origin of a membership that is not this cluster's; NULL: none */
};

enum bulk_action {
	BULK_TAKE,  /* to be added by the store's rules, with `roles` */
	BULK_KEEP,  /* is there by another's word, and stays as it is */
	BULK_SKIP,  /* a rule of this store stands against it */
	BULK_REFUSE /* it would grant nothing that the cluster may grant */
};

struct bulk_decision {
	enum bulk_action action;
	uint32_t roles;    /* granted */
	uint32_t withheld; /* asked for, given by the store, and more than the ceiling */
	char why[200];     /* "" where there is nothing to say */
};

void bulk_decide(const struct bulk_facts *facts, struct bulk_decision *out);

/* The most that a cluster may grant: [bulk peer NAME] roles, else what goes with the type. */
int bulk_ceiling(const struct conf *conf, const char *cluster, enum bulk_type type, uint32_t *out, struct err *err);

#endif
