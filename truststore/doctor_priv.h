/* What the checks of doctor share. */
#ifndef TVS_DOCTOR_PRIV_H
#define TVS_DOCTOR_PRIV_H

#include "truststore/doctor.h"
#include "truststore/store_priv.h"
#include "truststore/trust.h"

enum { DOCTOR_SOON = 30 * 86400, DOCTOR_SHOWN = 10 /* of one kind; the rest is counted */ };

struct doctor {
	const char *conf_file;
	struct conf *conf;   /* NULL: it cannot be read */
	const char *path;    /* the store's directory */
	char *keys;          /* keyfile_directory's */
	struct store *store; /* NULL: it cannot be opened */
	struct txn *txn;     /* inside checks that look into the store */
	int64_t now;
	const char *check;   /* that is running */
	doctor_fn *each;
	void *arg;
};

/* One finding; `todo` is a constant sentence. */
void doctor_find(struct doctor *doctor, enum doctor_severity severity, const char *todo, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/* True for the own certificate of a purpose; in a read transaction. */
bool doctor_is_own(struct doctor *doctor, const struct digest *id);

/* Outside of the store. */
void doctor_modes(struct doctor *doctor);
void doctor_secrets(struct doctor *doctor);
void doctor_disk(struct doctor *doctor);
void doctor_sftp_key(struct doctor *doctor);
void doctor_spare_keys(struct doctor *doctor); /* in a read transaction */

/* Certificates: in a read transaction. */
void doctor_verify(struct doctor *doctor);
void doctor_identities(struct doctor *doctor);
void doctor_backup(struct doctor *doctor);
void doctor_anchors(struct doctor *doctor);
void doctor_trusted(struct doctor *doctor);
void doctor_mic(struct doctor *doctor);
void doctor_list_size(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);
void doctor_ocsp(struct doctor *doctor);
void doctor_certmon(struct doctor *doctor);

/* The modes of [security]: the second in a read transaction. */
void doctor_policy(struct doctor *doctor);
void doctor_forbidden(struct doctor *doctor);

/* The service. */
void doctor_readers(struct doctor *doctor);
void doctor_service(struct doctor *doctor);

#endif
