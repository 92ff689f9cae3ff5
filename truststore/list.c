#include "config.h"

#include "truststore/list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/record.h"

enum { PIECE = 512 };

static const char *const fields[LIST_FIELD_COUNT] = {
	[LIST_SHA256] = "sha256",         [LIST_SUBJECT] = "subject",
	[LIST_COMMON_NAME] = "common-name", [LIST_ISSUER] = "issuer",
	[LIST_SERIAL] = "serial",         [LIST_NOT_BEFORE] = "not-before",
	[LIST_NOT_AFTER] = "not-after",   [LIST_KEY_TYPE] = "key-type",
	[LIST_USAGE] = "usage",           [LIST_LABEL] = "label",
	[LIST_OWNER] = "owner",           [LIST_ADDED] = "added",
};

const char *list_field_name(size_t i)
{
	return i < LIST_FIELD_COUNT ? fields[i] : NULL;
}

/* The keys of the JSON are taken as well: '_' is '-'. */
static bool same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (tolower((unsigned char)(*a == '_' ? '-' : *a)) != *b)
			return false;
	return !*a && !*b;
}

int list_field_parse(const char *text, enum list_field *field, struct err *err)
{
	for (int i = 0; i < LIST_FIELD_COUNT; i++) {
		if (same_word(text, fields[i])) {
			*field = (enum list_field)i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_USAGE,
	               "no field \"%s\" to sort by: subject, common-name, issuer, serial, not-before, not-after, key-type, usage, label, owner, added, sha256",
	               text);
}

static bool contains(struct text text, const char *part)
{
	size_t len = strlen(part);
	for (size_t i = 0; i + len <= text.len; i++)
		if (!strncasecmp(text.bytes + i, part, len))
			return true;
	return false;
}

static bool is_word(struct text text, const char *word)
{
	return strlen(word) == text.len && !strncasecmp(text.bytes, word, text.len);
}

/* What needs only the record of the certificate. */
static bool record_fits(const struct list_query *query, const struct cert_record *cert)
{
	if (query->expired && cert->not_after >= query->now)
		return false;
	if (query->expiring >= 0 && (cert->not_after < query->now ||
	                             cert->not_after - query->now > query->expiring))
		return false;
	return (!query->key_type || is_word(cert->key_type, query->key_type)) &&
	       (!query->subject || contains(cert->subject, query->subject)) &&
	       (!query->issuer || contains(cert->issuer, query->issuer));
}

static bool view_fits(const struct list_query *query, const struct view *view)
{
	if (query->roles && !(view->roles & query->roles))
		return false;
	if (query->identity && view->purpose < 0)
		return false;
	return !query->trust || view->purpose < 0;
}

/* One certificate's place in a sorted list. */
struct place {
	struct digest id;
	int64_t number;
	size_t text; /* where its text begins in the arena; it ends in NUL */
};

struct walk {
	const struct list_query *query;
	list_each_fn *each;
	void *arg;
	struct view_scene scene;
	struct view view;
	struct digest last;   /* the last one visited */
	bool begun, more;
	size_t count, found;
	struct digest skip;   /* where the piece before ended */
	/* of a sorted list */
	struct place *places;
	size_t place_count, place_room, next;
	char *arena;
	size_t arena_len, arena_room;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory to sort the list");
}

static int add_text(struct walk *walk, struct text text, struct err *err)
{
	size_t need = walk->arena_len + text.len + 1;
	if (need > walk->arena_room) {
		char *grown = realloc(walk->arena, 2 * need);
		if (!grown)
			return no_memory(err);
		walk->arena = grown;
		walk->arena_room = 2 * need;
	}
	char *to = walk->arena + walk->arena_len;
	for (size_t i = 0; i < text.len; i++)
		to[i] = (char)tolower((unsigned char)text.bytes[i]);
	to[text.len] = '\0';
	walk->arena_len = need;
	return ERR_OK;
}

static struct text text_field(enum list_field field, const struct cert_record *cert)
{
	switch (field) {
	case LIST_SUBJECT: return cert->subject;
	case LIST_COMMON_NAME: return cert->common_name;
	case LIST_ISSUER: return cert->issuer;
	case LIST_SERIAL: return cert->serial;
	case LIST_KEY_TYPE: return cert->key_type;
	case LIST_LABEL: return cert->label;
	case LIST_OWNER: return cert->owner;
	default: return text_of(NULL);
	}
}

/* Serial numbers are compared as numbers: by length first; keys of one type by their size. */
static int64_t number_field(enum list_field field, const struct view *view)
{
	switch (field) {
	case LIST_SERIAL: return (int64_t)view->cert.serial.len;
	case LIST_NOT_BEFORE: return view->cert.not_before;
	case LIST_NOT_AFTER: return view->cert.not_after;
	case LIST_KEY_TYPE: return view->cert.key_bits;
	case LIST_USAGE: return view->purpose < 0;
	case LIST_ADDED: return view->cert.added;
	default: return 0;
	}
}

static int keep_place(struct walk *walk, struct err *err)
{
	if (walk->place_count == walk->place_room) {
		size_t room = walk->place_room ? 2 * walk->place_room : 1024;
		struct place *grown = reallocarray(walk->places, room, sizeof *grown);
		if (!grown)
			return no_memory(err);
		walk->places = grown;
		walk->place_room = room;
	}
	enum list_field field = walk->query->field;
	walk->places[walk->place_count++] = (struct place){
		.id = walk->view.id,
		.number = number_field(field, &walk->view),
		.text = walk->arena_len,
	};
	return add_text(walk, text_field(field, &walk->view.cert), err);
}

/* One certificate of the walk. `record` is NULL where it has to be looked up. */
static int visit(struct walk *walk, const struct digest *id, const struct cert_record *record,
                 struct err *err)
{
	struct cert_record own;
	walk->last = *id;
	if (!record) {
		int code = trust_cert_get(walk->scene.txn, id, &own);
		if (code)
			return code == ERR_NOT_FOUND ? ERR_OK
			                             : err_set(err, code, "the store cannot be read");
		record = &own;
	}
	if (!record_fits(walk->query, record))
		return ERR_OK;
	view_judge(&walk->view, &walk->scene, id, record);
	if (!view_fits(walk->query, &walk->view))
		return ERR_OK;
	walk->found++;
	if (walk->query->field != LIST_SHA256 || walk->query->reverse)
		return keep_place(walk, err);
	int code = view_stores(&walk->view, &walk->scene, err);
	return code ? code : walk->each(&walk->view, walk->arg, err);
}

/* True once a piece is full; what was visited last is where the next one begins. */
static bool piece_full(struct walk *walk)
{
	walk->more = walk->count++ == PIECE;
	return walk->more;
}

static int visit_cert(struct span key, struct span value, void *arg, struct err *err)
{
	struct walk *walk = arg;
	struct cert_record record;
	struct digest id;
	if (key.len != DIGEST_SIZE || cert_record_decode(value, &record))
		return err_set(err, ERR_STORE,
		               "a record of a certificate is broken: run `truststore verify`");
	memcpy(id.byte, key.bytes, DIGEST_SIZE);
	if (walk->begun && digest_equal(&id, &walk->skip))
		return ERR_OK;
	return piece_full(walk) ? ERR_STOPPED : visit(walk, &id, &record, err);
}

static int visit_member(struct span key, struct span value, void *arg, struct err *err)
{
	struct walk *walk = arg;
	struct member_record member;
	struct digest id;
	if (key.len < DIGEST_SIZE || member_record_decode(value, &member))
		return err_set(err, ERR_STORE,
		               "a record of a membership is broken: run `truststore verify`");
	memcpy(id.byte, key.bytes + key.len - DIGEST_SIZE, DIGEST_SIZE);
	if ((walk->begun && digest_equal(&id, &walk->skip)) || member.until <= walk->query->now)
		return ERR_OK;
	return piece_full(walk) ? ERR_STOPPED : visit(walk, &id, NULL, err);
}

static int begin(struct walk *walk, struct txn *txn, struct err *err)
{
	walk->count = 0;
	walk->more = false;
	walk->skip = walk->last;
	return view_scene_init(&walk->scene, txn, walk->query->policy, walk->query->now, err);
}

/* One piece of the walk over all certificates, or over a store's members. */
static int walk_piece(struct txn *txn, void *arg, struct err *err)
{
	struct walk *walk = arg;
	uint8_t key[MEMBER_KEY_MAX];
	char name[RECORD_NAME_MAX + 1];
	struct store_record store;
	int code = begin(walk, txn, err);
	if (code)
		return code;
	if (!walk->query->store) {
		code = txn_each(txn, STORE_CERT, NULL, 0, walk->begun ? walk->last.byte : NULL,
		                walk->begun ? DIGEST_SIZE : 0, visit_cert, walk, err);
	} else {
		code = trust_store_get(txn, walk->query->store, &store, err);
		if (code)
			return code;
		memcpy(name, store.name.bytes, store.name.len);
		name[store.name.len] = '\0';
		size_t len = member_key(name, &walk->last, key);
		code = txn_each(txn, STORE_MEMBER, key, len - DIGEST_SIZE, walk->begun ? key : NULL,
		                walk->begun ? len : 0, visit_member, walk, err);
	}
	walk->begun = true;
	return code == ERR_STOPPED ? ERR_OK : code;
}

static int compare_places(const void *a, const void *b, void *arg)
{
	const struct place *x = a, *y = b;
	const struct walk *walk = arg;
	bool by_text = walk->query->field == LIST_KEY_TYPE;
	int text = strcmp(walk->arena + x->text, walk->arena + y->text);
	int number = (x->number > y->number) - (x->number < y->number);
	int order = by_text ? (text ? text : number) : (number ? number : text);
	return order ? order : digest_compare(&x->id, &y->id);
}

/* One piece of what was sorted; what has left the store meanwhile is left out. */
static int sorted_piece(struct txn *txn, void *arg, struct err *err)
{
	struct walk *walk = arg;
	int code = begin(walk, txn, err);
	for (; !code && walk->next < walk->place_count && walk->count < PIECE; walk->next++) {
		size_t at = walk->query->reverse ? walk->place_count - 1 - walk->next : walk->next;
		walk->count++;
		code = view_fill(&walk->view, &walk->scene, &walk->places[at].id, NULL, err);
		if (!code)
			code = walk->each(&walk->view, walk->arg, err);
		else if (code == ERR_NOT_FOUND)
			code = ERR_OK;
	}
	walk->more = walk->next < walk->place_count;
	return code;
}

static int run_pieces(struct store *store, store_work_fn *work, struct walk *walk,
                      list_piece_fn *piece, struct err *err)
{
	int code;
	do {
		code = store_read(store, work, walk, err);
		if (!code)
			code = piece(walk->arg, err);
	} while (!code && walk->more);
	return code;
}

int list_run(struct store *store, const struct list_query *query, list_each_fn *each,
             list_piece_fn *piece, void *arg, size_t *found, struct err *err)
{
	struct walk walk = { .query = query, .each = each, .arg = arg };
	int code = run_pieces(store, walk_piece, &walk, piece, err);
	if (!code && walk.place_count) {
		qsort_r(walk.places, walk.place_count, sizeof walk.places[0], compare_places, &walk);
		code = run_pieces(store, sorted_piece, &walk, piece, err);
	}
	*found = walk.found;
	view_deinit(&walk.view);
	free(walk.places);
	free(walk.arena);
	return code;
}
