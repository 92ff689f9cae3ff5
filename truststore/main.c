/* truststore: manages stores, certificates and keys. */
#include "truststore/base/clock.h"
#include "truststore/cmd.h"
#include "truststore/cmd_bulk.h"

static const struct cli_command commands[] = {
	{ "init", "", 0, 0, NULL, cmd_init, "make an empty store" },
	{ "stores", "", 0, 0, NULL, cmd_stores, "list the trust stores" },
	{ "stores add", "NAME", 1, 1, cmd_stores_options, cmd_stores_add, "add a trust store" },
	{ "stores set", "NAME", 1, 1, cmd_stores_options, cmd_stores_set,
	  "change what a trust store gives" },
	{ "add", "STORE FILE...", 2, -1, cmd_add_options, cmd_add, "add certificates to a store" },
	{ "list", "[STORE]", 0, 1, cmd_list_options, cmd_list, "list certificates" },
	{ "show", "HASH", 0, 1, cmd_show_options, cmd_show, "show one certificate in full" },
	{ "export", "[HASH...]", 0, -1, cmd_export_options, cmd_export, "write certificates to files" },
	{ "remove", "STORE HASH...", 2, -1, cmd_remove_options, cmd_remove,
	  "remove certificates from a store" },
	{ "block", "HASH", 0, 1, cmd_block_options, cmd_block,
	  "distrust a certificate, whatever store it is in" },
	{ "unblock", "HASH", 0, 1, cmd_block_options, cmd_unblock, "end a block" },
	{ "explain", "HASH", 0, 1, cmd_explain_options, cmd_explain,
	  "what a phone would be told, and why" },
	{ "history", "", 0, 0, cmd_history_options, cmd_history, "show the change log" },
	{ "verify", "", 0, 0, NULL, cmd_verify, "check the database against itself" },
	{ "doctor", "", 0, 0, NULL, cmd_doctor, "look for what is wrong with the installation" },
	{ "fetch", "HOST[:PORT]", 1, 1, cmd_fetch_options, cmd_fetch,
	  "add the certificate that a TLS server presents" },
	{ "backup", "FILE", 1, 1, cmd_backup_options, cmd_backup, "write a copy of the store to one file" },
	{ "restore", "FILE", 1, 1, cmd_restore_options, cmd_restore,
	  "put a backup in the place of what the store holds" },
	{ "identity new", "PURPOSE", 1, 1, cmd_identity_new_options, cmd_identity_new,
	  "make a key and a certificate that signs itself" },
	{ "identity csr", "PURPOSE", 1, 1, cmd_identity_csr_options, cmd_identity_csr,
	  "make a key and a request for a CA" },
	{ "identity install", "PURPOSE FILE...", 2, -1, cmd_identity_install_options,
	  cmd_identity_install, "take a certificate that a CA made of the request into use" },
	{ "identity regenerate", "PURPOSE", 1, 1, cmd_identity_regenerate_options,
	  cmd_identity_regenerate, "renew key and certificate under the same names" },
	{ "identity list", "", 0, 0, NULL, cmd_identity_list, "list own certificates" },
	{ "identity show", "PURPOSE", 1, 1, NULL, cmd_identity_show, "show an own certificate in full" },
	{ "identity export", "PURPOSE", 1, 1, cmd_identity_export_options, cmd_identity_export,
	  "write an own certificate to a file" },
	{ "bulk export", "", 0, 0, cmd_bulk_export_options, cmd_bulk_export,
	  "write this cluster's certificates for other clusters" },
	{ "bulk consolidate", "", 0, 0, cmd_bulk_consolidate_options, cmd_bulk_consolidate,
	  "merge the exports of all clusters" },
	{ "bulk plan", "[ARCHIVE]", 0, 1, cmd_bulk_plan_options, cmd_bulk_plan, "what an import would do" },
	{ "bulk import", "[PLAN|ARCHIVE]", 0, 1, cmd_bulk_import_options, cmd_bulk_import,
	  "take in what other clusters exported" },
	{ "bulk sync", "", 0, 0, cmd_bulk_sync_options, cmd_bulk_sync,
	  "export, consolidate and import what is new" },
	{ "bulk diff", "A B", 2, 2, cmd_bulk_diff_options, cmd_bulk_diff,
	  "compare two stores or archives" },
	{ "bulk ready", "", 0, 0, cmd_bulk_ready_options, cmd_bulk_ready,
	  "would a phone of the old cluster accept the new one?" },
	{ "bulk retire", "CLUSTER", 1, 1, cmd_bulk_retire_options, cmd_bulk_retire,
	  "remove all that came from a cluster" },
	{ "import-usecallmanager", "FILE", 1, 1, cmd_usecallmanager_options, cmd_usecallmanager,
	  "take over the SQLite database of the open-source daemons" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL },
};

static const struct cli_program program = {
	.name = "truststore",
	.summary = "manages the certificates that phones may trust",
	.commands = commands,
	.words = cmd_words,
};

int main(int argc, char **argv)
{
	struct err err;
	if (clock_init(&err)) {
		fprintf(stderr, "%s: %s\n", program.name, err_text(&err));
		return EXIT_FAILED;
	}
	return cli_main(&program, argc, argv, NULL);
}
