/* What a run found: certificates near their end, and whatever else an administrator must know. */
#ifndef TVS_CERTMON_FINDING_H
#define TVS_CERTMON_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "certmon/schedule.h"
#include "truststore/base/cert.h"
#include "truststore/record.h"

enum finding_kind {
	FINDING_CERT,   /* a certificate ends */
	FINDING_CRL,    /* a revocation list ends without a successor */
	FINDING_CSR,    /* a signing request waits */
	FINDING_SOURCE, /* a source could not be read */
	FINDING_ANCHORS, /* several of the phones' anchors end within one window */
	FINDING_RUN,     /* no finding: the mark of the last run, among the notices */
	FINDING_REVOKED  /* a stored certificate was revoked by its CA */
};

enum finding_level { /* by urgency, the most urgent first */
	FINDING_EXPIRED,
	FINDING_CRITICAL, /* ends within a week; or an own certificate was revoked */
	FINDING_WARNING,  /* ends within `start`; or has no end: a source that cannot be read, a request that waits;
	                   * or another certificate was revoked */
	FINDING_NOTE      /* later */
};

struct finding {
	enum finding_kind kind;
	struct digest id;      /* of the certificate, or of kind and words */
	enum finding_level level; /* set by findings_sort */
	int64_t end;           /* CLOCK_NEVER where there is none */
	int64_t since;         /* for what has a beginning instead of an end; of a revoked certificate when that was found */
	int64_t revoked_at;    /* by its CA's word; 0: it is not */
	const char *revoked_why; /* name of a CRLReason, constant; NULL: it is not */
	char *subject;         /* or one sentence for other kinds; UTF-8, escaped */
	char *name;            /* the same in short: the common name */
	char *names;           /* subject alternative names, "" for none */
	char *serial, *key;    /* "RSA 2048" */
	char *stores;          /* "tomcat-trust, CallManager-trust", or the file, or the server: where it was found */
	char *roles;           /* "APP-SERVER" or "none" */
	char *owner;           /* mail addresses, "" for none */
	char *covered;         /* SHA-256 in hexadecimal of a newer certificate of the same subject; "" for none */
	char *advice;          /* what to do next */
	char *affected;        /* who notices, in words */
	bool identity;         /* an own certificate, or a matter of one */
	char *purpose;         /* of an own certificate, NULL for others */
	int64_t ack_until;     /* silent until then; 0: not acknowledged */
	char *ack_reason;      /* NULL unless acknowledged */
	bool due;              /* has reached a slot that was not announced yet */
	int64_t slot;          /* the last slot that it has reached; SCHEDULE_NONE: none yet */
	char *ways;            /* by which it is told (ways.h); NULL before scan_due */
	char *open;            /* those of them by which this slot was not announced yet */
};

struct findings {
	struct finding *list;
	size_t count, room;
	size_t *slots, slot_count; /* index by id: position + 1, 0 is free */
};

void findings_deinit(struct findings *findings);

/* Room for one more, zeroed, with `id`; the one that is there already if there is such a one (*is_new tells).
 * NULL when there is no memory. Valid until the next call. */
struct finding *findings_add(struct findings *findings, enum finding_kind kind, const struct digest *id, bool *is_new);

/* The one with this id, NULL if there is none. */
const struct finding *findings_find(const struct findings *findings, const struct digest *id);

/* How many seconds before its end a certificate is a warning, and how many before it is critical. The same everywhere, but
 * where somebody asks for others. */
struct thresholds {
	int64_t warning, critical;
};

/* Those of somebody who is told `start` seconds ahead: a week is critical, or all of a shorter start. */
struct thresholds thresholds_of(int64_t start);

/* Says of each how urgent it is, and puts the most urgent first; those of one level by their end. */
void findings_sort(struct findings *findings, int64_t now, struct thresholds thresholds);

/* True for kinds that are a certificate, whose id is its SHA-256. */
bool finding_is_cert(const struct finding *finding);

/* True if a newer certificate of the same subject is stored. */
bool finding_covered(const struct finding *finding);

/* True for what nobody needs to be told: acknowledged or covered. */
bool finding_silent(const struct finding *finding);

const char *finding_kind_name(enum finding_kind kind);    /* "certificate" "crl" "csr" "source" "anchors" "revoked" */
const char *finding_level_name(enum finding_level level); /* "expired" "critical" "warning" "note" */

/* "expired 3 days ago", "expires in 12 days", "expires within the hour"; "in 12 days" of anchors, "since 3 days" of what has no end
 * to come, "was revoked 3 days ago". Goes behind finding->name. Returns `out`. */
char *finding_when(const struct finding *finding, int64_t now, char out[64]);

/* One finding as JSON. */
json_t *finding_json(const struct finding *finding, int64_t now);

#endif
