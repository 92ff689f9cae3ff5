#include "truststore/doctor_priv.h"

#include <stdarg.h>
#include <stdlib.h>

#include "truststore/base/clock.h"
#include "truststore/keyfile.h"

enum needs { NEEDS_CONF, NEEDS_STORE, NEEDS_TXN };

static const struct {
	const char *name;
	enum needs needs;
	void (*run)(struct doctor *doctor);
} checks[] = {
	{ "secrets", NEEDS_CONF, doctor_secrets },
	{ "modes", NEEDS_CONF, doctor_modes },
	{ "disk", NEEDS_CONF, doctor_disk },
	{ "sftp-key", NEEDS_CONF, doctor_sftp_key },
	{ "policy", NEEDS_CONF, doctor_policy },
	{ "readers", NEEDS_STORE, doctor_readers },
	{ "verify", NEEDS_TXN, doctor_verify },
	{ "clock", NEEDS_TXN, doctor_clock },
	{ "identities", NEEDS_TXN, doctor_identities },
	{ "keys", NEEDS_TXN, doctor_spare_keys },
	{ "backup", NEEDS_TXN, doctor_backup },
	{ "anchors", NEEDS_TXN, doctor_anchors },
	{ "trusted", NEEDS_TXN, doctor_trusted },
	{ "policy", NEEDS_TXN, doctor_forbidden },
	{ "mic", NEEDS_TXN, doctor_mic },
	{ "trust-list", NEEDS_TXN, doctor_list_size },
	{ "ocsp", NEEDS_TXN, doctor_ocsp },
	{ "certmon", NEEDS_TXN, doctor_certmon },
	{ "service", NEEDS_STORE, doctor_service },
};

const char *doctor_severity_name(enum doctor_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };
	return names[severity];
}

void doctor_find(struct doctor *doctor, enum doctor_severity severity, const char *todo, const char *what, ...)
{
	struct err sentence; /* which escapes what a name may hold */
	va_list args;
	va_start(args, what);
	err_setv(&sentence, ERR_OK, what, args);
	va_end(args);
	struct doctor_finding finding = { severity, doctor->check, sentence.text, todo };
	doctor->each(&finding, doctor->arg);
}

static void conf_mistake_found(const char *text, void *arg)
{
	doctor_find(arg, DOCTOR_ERROR, "correct the configuration; no program starts with it", "%s", text);
}

static void load_conf(struct doctor *doctor, const char *store)
{
	struct err err;
	doctor->check = "configuration";
	if (conf_load(doctor->conf_file, &doctor->conf, &err)) {
		doctor->conf = NULL;
		if (err.code != ERR_CONFIG || !conf_check(doctor->conf_file, conf_mistake_found, doctor))
			conf_mistake_found(err_text(&err), doctor);
		return;
	}
	if (store && conf_override(doctor->conf, "store", "path", store, &err))
		conf_mistake_found(err_text(&err), doctor);
	doctor->path = conf_text(doctor->conf, "store", "path");
	if (keyfile_directory(doctor->conf, doctor->path, &doctor->keys, &err))
		doctor_find(doctor, DOCTOR_ERROR, "free some memory", "%s", err_text(&err));
}

static void open_store(struct doctor *doctor)
{
	struct err err;
	doctor->check = "store";
	if (!store_open(doctor->path, STORE_READ, &doctor->store, &err))
		return;
	doctor->store = NULL;
	doctor_find(doctor, DOCTOR_ERROR,
	            err.code == ERR_NOT_FOUND ? "make one (truststore init) or restore a backup (truststore restore)"
	            : err.code == ERR_VERSION ? "use the programs of the version that wrote it"
	                                      : "run this as the store's owner or root; if the files are damaged, restore a backup",
	            "%s", err_text(&err));
}

struct running {
	struct doctor *doctor;
	size_t check;
};

static int run_in_txn(struct txn *txn, void *arg, struct err *err)
{
	const struct running *running = arg;
	(void)err;
	running->doctor->txn = txn;
	checks[running->check].run(running->doctor);
	running->doctor->txn = NULL;
	return ERR_OK;
}

static void run_check(struct doctor *doctor, size_t i)
{
	struct running running = { doctor, i };
	struct err err;
	doctor->check = checks[i].name;
	if (checks[i].needs != NEEDS_CONF && !doctor->store)
		return;
	if (checks[i].needs != NEEDS_TXN)
		checks[i].run(doctor);
	else if (store_read(doctor->store, run_in_txn, &running, &err))
		doctor_find(doctor, DOCTOR_ERROR, "run truststore verify", "%s", err_text(&err));
}

void doctor_run(const char *conf_file, const char *store, doctor_fn *each, void *arg)
{
	struct doctor doctor = { .conf_file = conf_file, .now = clock_now(), .each = each, .arg = arg };
	load_conf(&doctor, store);
	if (doctor.conf && doctor.keys) {
		open_store(&doctor);
		for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
			run_check(&doctor, i);
	}
	store_close(doctor.store);
	free(doctor.keys);
	conf_free(doctor.conf);
}
