/* The last backup with keys: what the store remembers of it, so that doctor can tell when another is due. */
#include "truststore/backup_priv.h"

#include "truststore/record_priv.h"

enum { VERSION = 1 };
static const char key[] = "backup";

int backup_last_put(struct txn *txn, const struct backup_last *last, struct err *err)
{
	struct writer w;
	struct record record;
	writer_begin(&w, 17);
	writer_number(&w, VERSION, 1);
	writer_time(&w, last->made);
	writer_number(&w, last->revision, 8);
	int code = writer_end(&w, &record);
	if (!code)
		code = txn_put(txn, STORE_META, key, sizeof key - 1, record.bytes, record.len);
	record_free(&record);
	return code ? err_set(err, code, "the moment of the backup cannot be written to the store") : ERR_OK;
}

int backup_last_get(struct txn *txn, struct backup_last *out)
{
	struct span value;
	struct reader r;
	*out = (struct backup_last){ 0 };
	int code = txn_get(txn, STORE_META, key, sizeof key - 1, &value);
	if (code)
		return code;
	reader_begin(&r, value, VERSION);
	out->made = reader_time(&r);
	out->revision = reader_number(&r, 8);
	return reader_end(&r);
}
