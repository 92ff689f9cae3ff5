/* The whole way of another cluster's export: manifest, signature and archive lie in the shared place, are consolidated, read back and imported
 * into a store that has something against some of them. Signatures, passwords and rules are the real ones; only the place is in memory, and no
 * transaction is committed, so that each run begins with the same store, which must be whole after the import.
 *
 * An input is a byte that says who signs, the manifest's text, a NUL, and the archive: as it stands where it begins as DER does, else a byte
 * for the certificates that are in it and one for how it is encrypted. In the text, $A is the archive's SHA-256, $B its size, $0 to $7 are
 * those of the certificates, $S and $X those of the known signer and of the stranger, $V is what the stranger signed: that it follows the other. */
#include "config.h"

#include <ftw.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/bulk_import.h"
#include "truststore/bulk_sign.h"
#include "truststore/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000, DAY = 86400, CERTS = 8, FILES = 8, MANIFEST_MAX = 1 << 16, DER_SEQUENCE_TAG = 0x30 };

static void must(int code)
{
	if (code)
		abort();
}

/* --- the shared place, in memory */

struct bulk_place {
	struct file {
		char name[BULK_NAME_SIZE];
		char *bytes;
		size_t len;
	} file[FILES];
	size_t count;
};

const char *__wrap_bulk_place_name(const struct bulk_place *place);
int __wrap_bulk_place_list(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err);
int __wrap_bulk_place_get(struct bulk_place *place, const char *name, size_t max, char **out, size_t *len, struct err *err);
int __wrap_bulk_place_put(struct bulk_place *place, const char *name, const void *bytes, size_t len, struct err *err);
int __wrap_bulk_place_delete(struct bulk_place *place, const char *name, struct err *err);
int __wrap_bulk_place_list_parts(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err);
int __wrap_bulk_place_delete_part(struct bulk_place *place, const char *name, struct err *err);

const char *__wrap_bulk_place_name(const struct bulk_place *place)
{
	(void)place;
	return "memory";
}

int __wrap_bulk_place_list(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err)
{
	int code = ERR_OK;
	for (size_t i = 0; !code && i < place->count; i++)
		code = each(place->file[i].name, arg, err);
	return code;
}

static char *copy_of(const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);
	if (!copy)
		abort();
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

int __wrap_bulk_place_get(struct bulk_place *place, const char *name, size_t max, char **out, size_t *len, struct err *err)
{
	for (size_t i = 0; i < place->count; i++) {
		const struct file *file = &place->file[i];
		if (strcmp(file->name, name) != 0)
			continue;
		if (file->len > max)
			return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", name, max);
		*out = copy_of(file->bytes, file->len);
		*len = file->len;
		return ERR_OK;
	}
	*out = NULL;
	return err_set(err, ERR_NOT_FOUND, "%s: cannot open", name);
}

int __wrap_bulk_place_put(struct bulk_place *place, const char *name, const void *bytes, size_t len, struct err *err)
{
	(void)err;
	if (place->count == FILES)
		abort();
	struct file *file = &place->file[place->count++];
	snprintf(file->name, sizeof file->name, "%s", name);
	file->bytes = copy_of(bytes, len);
	file->len = len;
	return ERR_OK;
}

int __wrap_bulk_place_delete(struct bulk_place *place, const char *name, struct err *err)
{
	(void)place, (void)name, (void)err;
	return ERR_OK;
}

int __wrap_bulk_place_list_parts(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err)
{
	(void)place, (void)each, (void)arg, (void)err;
	return ERR_OK;
}

int __wrap_bulk_place_delete_part(struct bulk_place *place, const char *name, struct err *err)
{
	return __wrap_bulk_place_delete(place, name, err);
}

static void place_deinit(struct bulk_place *place)
{
	for (size_t i = 0; i < place->count; i++)
		free(place->file[i].bytes);
	place->count = 0;
}

/* --- transactions, none of which is committed */

int __real_store_write(struct store *store, store_work_fn *work, void *arg, struct err *err);
int __wrap_store_write(struct store *store, store_work_fn *work, void *arg, struct err *err);

static bool world_made; /* from then on nothing is committed */

struct work {
	store_work_fn *work;
	void *arg;
};

static void difference(const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "the store is not whole: %s\n", text);
	abort();
}

static int work_and_look(struct txn *txn, void *arg, struct err *err)
{
	const struct work *w = arg;
	int code = w->work(txn, w->arg, err);
	if (!code)
		must(trust_verify(txn, difference, NULL, err));
	return code ? code : ERR_STOPPED;
}

int __wrap_store_write(struct store *store, store_work_fn *work, void *arg, struct err *err)
{
	struct work w = { work, arg };
	return !world_made ? __real_store_write(store, work, arg, err) : __real_store_write(store, work_and_look, &w, err);
}

/* --- what is there from the beginning */

static char path[64]; /* of the store */

struct world {
	struct store *store;
	struct conf *conf;
	gnutls_privkey_t key;
	struct cert *signer, *stranger;
	gnutls_privkey_t stranger_key;
	gnutls_datum_t claim; /* base64 */
	struct cert *cert[CERTS];
};

static struct cert *make_cert(gnutls_x509_privkey_t key, const char *subject, unsigned serial, int64_t from)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t der;
	struct cert *cert;
	uint8_t number = (uint8_t)serial;
	must(gnutls_x509_crt_init(&crt));
	must(gnutls_x509_crt_set_version(crt, 3));
	must(gnutls_x509_crt_set_dn(crt, subject, NULL));
	must(gnutls_x509_crt_set_serial(crt, &number, 1));
	must(gnutls_x509_crt_set_activation_time(crt, from));
	must(gnutls_x509_crt_set_expiration_time(crt, NOW + 365 * DAY));
	must(gnutls_x509_crt_set_key(crt, key));
	must(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der));
	must(cert_parse(der.data, der.size, &cert, NULL));
	gnutls_free(der.data);
	gnutls_x509_crt_deinit(crt);
	return cert;
}

static gnutls_x509_privkey_t make_key(void)
{
	gnutls_x509_privkey_t key;
	must(gnutls_x509_privkey_init(&key));
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static void make_certs(struct world *w)
{
	static const char *const subjects[CERTS] = { "CN=zero", "CN=one", "CN=two", "CN=three", "CN=same", "CN=same", "CN=six", "CN=seven" };
	gnutls_x509_privkey_t key = make_key();
	for (unsigned i = 0; i < CERTS; i++)
		w->cert[i] = make_cert(key, subjects[i], i + 1, NOW - (365 - (int)i) * DAY);
	w->signer = make_cert(key, "CN=recovery", 20, NOW - DAY);
	must(gnutls_privkey_init(&w->key));
	must(gnutls_privkey_import_x509(w->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE));
}

/* The stranger's own word that he follows the known signer. */
static void make_stranger(struct world *w)
{
	char old[DIGEST_HEX_SIZE], new[DIGEST_HEX_SIZE], text[192];
	gnutls_x509_privkey_t key = make_key();
	gnutls_datum_t signature;
	uint8_t *bytes;
	size_t len;
	w->stranger = make_cert(key, "CN=stranger", 21, NOW - DAY);
	must(gnutls_privkey_init(&w->stranger_key));
	must(gnutls_privkey_import_x509(w->stranger_key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE));
	int n = snprintf(text, sizeof text, "tvs-bulk-successor 1\nold %s\nnew %s\n", digest_hex(cert_sha256(w->signer), old),
	                 digest_hex(cert_sha256(w->stranger), new));
	must(bulk_sign(text, (size_t)n, w->stranger, w->stranger_key, &bytes, &len, NULL));
	signature = (gnutls_datum_t){ bytes, (unsigned)len };
	must(gnutls_base64_encode2(&signature, &w->claim));
	free(bytes);
}

/* One by hand, one removed, one blocked, one of this cluster's, one of another's, an older one of a subject. */
static int fill(struct txn *txn, void *arg, struct err *err)
{
	const struct world *w = arg;
	struct trust_added added;
	struct bulk_peer peer = { .name = "west", .format = BULK_MANIFEST_VERSION, .signers = { *cert_sha256(w->signer) }, .signer_count = 1 };
	must(bulk_peer_put(txn, &peer, err));
	must(trust_add(txn, w->cert[0], &(struct trust_add){ .store = "CallManager-trust" }, &added, err));
	must(trust_add(txn, w->cert[1], &(struct trust_add){ .store = "CallManager-trust" }, &added, err));
	must(trust_remove(txn, "CallManager-trust", cert_sha256(w->cert[1]), "", false, err));
	must(trust_block(txn, cert_sha256(w->cert[2]), "stolen", err));
	must(trust_add(txn, w->cert[3], &(struct trust_add){ .store = "Phone-SAST-trust", .origin = "cluster west" }, &added, err));
	must(trust_add(txn, w->cert[6], &(struct trust_add){ .store = "tomcat-trust", .origin = "cluster east" }, &added, err));
	return trust_add(txn, w->cert[4], &(struct trust_add){ .store = "CallManager-trust" }, &added, err);
}

static int wipe_one(const char *file, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(file);
}

static void wipe(void)
{
	nftw(path, wipe_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct world *the_world(void)
{
	static struct world *world; /* as long as the process */
	struct err err;
	char clock[24];
	if (world)
		return world;
	world = calloc(1, sizeof *world);
	if (!world)
		abort();
	snprintf(clock, sizeof clock, "@%d", NOW);
	setenv("TVS_CLOCK", clock, 1);
	must(clock_init(&err));
	snprintf(path, sizeof path, "%.40s/fuzzXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(path))
		abort();
	make_certs(world);
	make_stranger(world);
	must(conf_load("/dev/null", &world->conf, &err));
	must(store_create(path, &err));
	must(store_open(path, STORE_WRITE, &world->store, &err));
	must(store_write(world->store, fill, world, &err));
	world_made = true;
	atexit(wipe);
	return world;
}

/* --- what comes from outside */

static int confirm(void *arg, const char *cluster, const struct cert *signer, struct err *err)
{
	const struct world *w = arg;
	(void)cluster;
	return digest_equal(cert_sha256(signer), cert_sha256(w->signer)) ? ERR_OK : err_set(err, ERR_REFUSED, "a stranger");
}

static void make_archive(const struct world *w, const uint8_t *bytes, size_t len, uint8_t **out, size_t *out_len)
{
	struct bulk_archive archive = { .count = 0 };
	if (len && bytes[0] == DER_SEQUENCE_TAG) {
		*out = (uint8_t *)copy_of(bytes, len);
		*out_len = len;
		return;
	}
	for (unsigned i = 0; i < CERTS; i++) {
		size_t size;
		const uint8_t *der = cert_der(w->cert[i], &size);
		if (len && bytes[0] & 1u << i)
			must(bulk_archive_add(&archive, der, size, NULL));
	}
	must(bulk_archive_write(&archive, len > 1 && bytes[1] & 1 ? "secret" : "other", len > 1 && bytes[1] & 2, NULL, out, out_len, NULL));
	bulk_archive_deinit(&archive);
}

static void append(char *text, size_t *len, const char *bytes, size_t count)
{
	if (count > MANIFEST_MAX - *len)
		count = MANIFEST_MAX - *len;
	memcpy(text + *len, bytes, count);
	*len += count;
}

static size_t make_manifest(const struct world *w, const char *template, size_t template_len, const uint8_t *archive, size_t archive_len,
                            char text[MANIFEST_MAX])
{
	char word[DIGEST_HEX_SIZE];
	struct digest digest;
	size_t len = 0;
	for (size_t i = 0; i < template_len; i++) {
		char c = template[i], which = i + 1 < template_len ? template[i + 1] : ' ';
		if (c == '$' && which == 'A') {
			digest_of(archive, archive_len, &digest);
			digest_hex(&digest, word);
		} else if (c == '$' && which == 'B') {
			snprintf(word, sizeof word, "%zu", archive_len);
		} else if (c == '$' && which >= '0' && which < '0' + CERTS) {
			digest_hex(cert_sha256(w->cert[which - '0']), word);
		} else if (c == '$' && (which == 'S' || which == 'X')) {
			digest_hex(cert_sha256(which == 'S' ? w->signer : w->stranger), word);
		} else if (c == '$' && which == 'V') {
			append(text, &len, (const char *)w->claim.data, w->claim.size);
			i++;
			continue;
		} else {
			append(text, &len, &c, 1);
			continue;
		}
		append(text, &len, word, strlen(word));
		i++;
	}
	return len;
}

/* Under the name that the manifest itself promises, or a fixed one where it is not readable. */
static void put_export(struct world *w, struct bulk_place *place, unsigned how, const char *text, size_t len, const uint8_t *archive, size_t archive_len)
{
	struct bulk_name name = { .cluster = "west", .type = BULK_TFTP, .sequence = 1 };
	struct bulk_manifest manifest;
	char file[BULK_NAME_SIZE];
	uint8_t *signature;
	size_t signature_len;
	digest_of(archive, archive_len, &name.archive);
	if (!bulk_manifest_decode("m", text, len, &manifest, NULL)) {
		name.type = manifest.head.type;
		name.sequence = manifest.head.sequence;
		memcpy(name.cluster, manifest.cluster, sizeof name.cluster);
	}
	bulk_manifest_deinit(&manifest);
	must(bulk_sign(text, len, how & 1 ? w->stranger : w->signer, how & 1 ? w->stranger_key : w->key, &signature, &signature_len, NULL));
	if (how & 2)
		signature[signature_len - 1] ^= 1;
	__wrap_bulk_place_put(place, bulk_name_format(&name, BULK_ARCHIVE, file), archive, archive_len, NULL);
	__wrap_bulk_place_put(place, bulk_name_format(&name, BULK_MANIFEST, file), text, len, NULL);
	__wrap_bulk_place_put(place, bulk_name_format(&name, BULK_SIGNATURE, file), signature, signature_len, NULL);
	free(signature);
}

static void check(int code, const struct err *err)
{
	if (code && !err->text[0])
		abort();
}

static void take_in(struct world *w, struct bulk_place *place, unsigned how)
{
	struct bulk bulk = { .store = w->store, .conf = w->conf, .place = place, .cluster = "here", .password = "secret", .keys = "/nonexistent",
	                     .now = NOW, .wait = 7 * DAY, .confirm = confirm, .confirm_arg = w };
	struct bulk_batch batch = { .bulk = &bulk };
	struct bulk_consolidated done;
	for (int type = 0; type < BULK_TYPE_COUNT; type++) {
		struct err err = { .code = 0 };
		int code = bulk_consolidate(&bulk, (enum bulk_type)type, false, how & 4, &done, &err);
		check(code, &err);
		if (!code && how & 3)
			abort(); /* nobody who is known signed that */
		if (code)
			continue;
		code = bulk_batch_load(&batch, (enum bulk_type)type, NULL, &err);
		check(code, &err);
		if (!code)
			code = bulk_import(&batch, &err);
		check(code, &err);
	}
	bulk_batch_deinit(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = the_world();
	static char text[MANIFEST_MAX];
	static struct bulk_place place;
	uint8_t *archive;
	size_t archive_len;
	if (size < 2)
		return 0;
	const uint8_t *template = data + 1, *end = memchr(template, '\0', size - 1);
	size_t template_len = end ? (size_t)(end - template) : size - 1;
	size_t rest = end ? size - 2 - template_len : 0;
	make_archive(w, end ? end + 1 : data, rest, &archive, &archive_len);
	size_t len = make_manifest(w, (const char *)template, template_len, archive, archive_len, text);
	if (len) { /* nobody signs nothing */
		put_export(w, &place, data[0], text, len, archive, archive_len);
		take_in(w, &place, data[0]);
	}
	place_deinit(&place);
	free(archive);
	return 0;
}
