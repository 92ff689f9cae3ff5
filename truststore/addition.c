#include "config.h"

#include "truststore/addition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/out.h"
#include "truststore/jsonw.h"
#include "truststore/mic.h"
#include "truststore/revocation.h"

static const char *const words[TRUST_SKIPPED + 1] = {
	[TRUST_ADDED] = "added",
	[TRUST_UNCHANGED] = "unchanged",
	[TRUST_UPDATED] = "updated",
	[TRUST_REPLACED] = "replaced",
	[TRUST_SKIPPED] = "skipped",
};

static void forget(struct addition *a)
{
	for (size_t i = 0; i < a->chain_count; i++)
		cert_free(a->chain[i].cert);
	for (size_t i = 0; i < a->note_count; i++) {
		free(a->notes[i].subject);
		free(a->notes[i].why);
	}
	free(a->notes);
	for (size_t i = 0; i < PHONEFIT_COUNT; i++)
		free(a->unfit[i].first);
	free(a->makers.first);
	free(a->early.first);
}

void addition_begin(struct addition *a, struct txn *txn, const struct trust_add *how)
{
	forget(a);
	*a = (struct addition){ .progress = a->progress, .progress_arg = a->progress_arg,
	                        .txn = txn, .how = how };
}

void addition_deinit(struct addition *a)
{
	forget(a);
	*a = (struct addition){ 0 };
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the account of what was added");
}

/* True if the account has a line for it, however many there are. */
static bool worth_a_line(enum trust_outcome outcome)
{
	return outcome == TRUST_REPLACED || outcome == TRUST_SKIPPED;
}

static int note(struct addition *a, const struct cert *cert, const struct trust_added *added,
                struct err *err)
{
	if (a->done > ADDITION_LINES && !worth_a_line(added->outcome))
		return ERR_OK;
	if (a->note_count >= ADDITION_NOTES) {
		a->notes_lost++;
		return ERR_OK;
	}
	if (a->note_count == a->note_room) {
		size_t room = a->note_room ? 2 * a->note_room : ADDITION_LINES;
		struct addition_note *grown = reallocarray(a->notes, room, sizeof *grown);
		if (!grown)
			return no_memory(err);
		a->notes = grown;
		a->note_room = room;
	}
	struct addition_note *new = &a->notes[a->note_count];
	*new = (struct addition_note){
		.outcome = added->outcome,
		.id = *cert_sha256(cert),
		.other = added->other,
		.has_other = added->has_other,
		.subject = strdup(cert_subject(cert)),
		.why = added->outcome == TRUST_SKIPPED ? strdup(added->why) : NULL,
	};
	if (!new->subject || (added->outcome == TRUST_SKIPPED && !new->why)) {
		free(new->subject);
		free(new->why);
		return no_memory(err);
	}
	a->note_count++;
	return ERR_OK;
}

static int note_one(struct addition_odd *odd, const struct cert *cert, struct err *err)
{
	char hex[17];
	if (odd->count++ || asprintf(&odd->first, "%s (%.200s)", hex_encode(cert_sha256(cert)->byte, 8, false, hex),
	                             cert_subject(cert)) >= 0)
		return ERR_OK;
	odd->first = NULL;
	return no_memory(err);
}

static int note_odd(struct addition *a, const struct cert *cert, struct err *err)
{
	unsigned unfit = phonefit_of(cert);
	int code = ERR_OK;
	for (int i = 0; !code && i < PHONEFIT_COUNT; i++)
		if (unfit & 1u << i)
			code = note_one(&a->unfit[i], cert, err);
	if (!code && mic_misplaced(a->how->store, cert_common_name(cert)))
		code = note_one(&a->makers, cert, err);
	if (!code && cert_not_before(cert) > clock_now())
		code = note_one(&a->early, cert, err);
	return code;
}

/* Puts before the error where in which file the refused certificate stands. */
static int refused_at(const struct cert_place *place, struct err *err)
{
	const char *file = strcmp(place->file, "-") ? place->file : "standard input";
	if (!place->line)
		return err_prefix(err, "%s", file);
	return err_prefix(err, "%s: line %u", file, place->line);
}

static int add(struct addition *a, const struct cert *cert, const struct cert_place *place, struct err *err)
{
	struct trust_added added;
	int code = trust_add(a->txn, cert, a->how, &added, err);
	if (code)
		return code == ERR_REFUSED && added.why[0] ? refused_at(place, err) : code;
	a->done++;
	a->outcome[added.outcome]++;
	if (a->progress)
		a->progress(a->progress_arg, a->done);
	if (added.outcome == TRUST_ADDED || added.outcome == TRUST_REPLACED)
		code = note_odd(a, cert, err);
	return code ? code : note(a, cert, &added, err);
}

/* How many of the chain stand above it. A ring of names ends the count. */
static size_t height(const struct addition *a, size_t at)
{
	size_t above = 0;
	for (; above < a->chain_count; above++) {
		const struct digest *issuer = cert_issuer_key(a->chain[at].cert);
		size_t i = 0;
		if (digest_equal(issuer, cert_subject_key(a->chain[at].cert)))
			break;
		while (i < a->chain_count && !digest_equal(issuer, cert_subject_key(a->chain[i].cert)))
			i++;
		if (i == a->chain_count)
			break;
		at = i;
	}
	return above;
}

/* Root before intermediate before leaf, as far as names tell; else as in the file. */
static int flush_chain(struct addition *a, bool in_order, struct err *err)
{
	size_t heights[ADDITION_CHAIN] = { 0 };
	int code = ERR_OK;
	for (size_t i = 0; in_order && i < a->chain_count; i++)
		heights[i] = height(a, i);
	for (size_t above = 0; !code && above <= a->chain_count; above++)
		for (size_t i = 0; !code && i < a->chain_count; i++)
			if (heights[i] == above)
				code = add(a, a->chain[i].cert, &a->chain[i].place, err);
	for (size_t i = 0; i < a->chain_count; i++)
		cert_free(a->chain[i].cert);
	a->chain_count = 0;
	return code;
}

int addition_take(struct addition *a, struct cert *cert, const struct cert_place *place,
                  struct err *err)
{
	int code = ERR_OK;
	if (!a->large && a->chain_count == ADDITION_CHAIN) {
		a->large = true;
		code = flush_chain(a, false, err);
	}
	if (!a->large) {
		a->chain[a->chain_count++] = (struct addition_link){ cert, *place };
		return ERR_OK;
	}
	if (!code)
		code = add(a, cert, place, err);
	cert_free(cert);
	return code;
}

int addition_end_file(struct addition *a, struct err *err)
{
	int code = flush_chain(a, true, err);
	a->large = false;
	return code;
}

static void warn_odd(const struct addition_odd *odd, const char *one, const char *several, const char *what,
                     addition_warn_fn *each, void *arg)
{
	struct err line; /* which escapes what a name may hold */
	if (!odd->count)
		return;
	if (odd->count == 1)
		err_set(&line, ERR_OK, "certificate %s %s %s", odd->first, one, what);
	else
		err_set(&line, ERR_OK, "%zu certificates, the first %s, %s %s", odd->count, odd->first, several, what);
	each(line.text, arg);
}

void addition_warnings(const struct addition *a, addition_warn_fn *each, void *arg)
{
	for (int i = 0; i < PHONEFIT_COUNT; i++)
		warn_odd(&a->unfit[i], "has", "have", phonefit_text((enum phonefit)i), each, arg);
	warn_odd(&a->makers, "is", "are", mic_misplaced_text(), each, arg);
	warn_odd(&a->early, "is", "are", "not valid yet: until then phones are told not to trust it", each, arg);
}

static void print_note(const struct addition_note *one, const char *store, bool dry_run)
{
	char hex[17], other[17] = "";
	hex_encode(one->id.byte, 8, false, hex);
	if (one->has_other)
		hex_encode(one->other.byte, 8, false, other);
	if (one->outcome == TRUST_SKIPPED)
		out_printf("skipped %s %s: %s\n", hex, one->subject, one->why);
	else if (one->outcome == TRUST_REPLACED)
		out_printf("%s %s %s to %s, in the place of %s\n", dry_run ? "would have added" : "added",
		           hex, one->subject, store, other);
	else if (one->outcome == TRUST_UNCHANGED)
		out_printf("%s %s is in %s already\n", hex, one->subject, store);
	else
		out_printf("%s%s %s %s %s %s\n", dry_run ? "would have " : "", words[one->outcome], hex,
		           one->subject, one->outcome == TRUST_ADDED ? "to" : "in", store);
}

void addition_print(const struct addition *a, const char *store, bool dry_run)
{
	bool few = a->done <= ADDITION_LINES;
	for (size_t i = 0; i < a->note_count; i++)
		if (few || worth_a_line(a->notes[i].outcome))
			print_note(&a->notes[i], store, dry_run);
	if (a->notes_lost)
		out_printf("(%zu more lines like these were left out)\n", a->notes_lost);
	if (few)
		return;
	out_printf("%s%zu certificates to %s: %zu new, %zu in the place of others, %zu changed, %zu there already, %zu skipped\n",
	           dry_run ? "would have added " : "", a->done, store, a->outcome[TRUST_ADDED],
	           a->outcome[TRUST_REPLACED], a->outcome[TRUST_UPDATED],
	           a->outcome[TRUST_UNCHANGED], a->outcome[TRUST_SKIPPED]);
}

static void json_warning(const char *sentence, void *arg)
{
	jsonw_string(arg, NULL, sentence);
}

int addition_json(const struct addition *a, bool dry_run, const struct json_t *revocation,
                  struct err *err)
{
	struct jsonw out = { 0 };
	char hex[DIGEST_HEX_SIZE];
	jsonw_open(&out, NULL, '{');
	jsonw_flag(&out, "dry_run", dry_run);
	for (int i = 0; i <= TRUST_SKIPPED; i++)
		jsonw_number(&out, words[i], (int64_t)a->outcome[i]);
	jsonw_open(&out, "certificates", '[');
	for (size_t i = 0; i < a->note_count; i++) {
		const struct addition_note *one = &a->notes[i];
		if (a->done > ADDITION_LINES && !worth_a_line(one->outcome))
			continue;
		jsonw_open(&out, NULL, '{');
		jsonw_string(&out, "sha256", digest_hex(&one->id, hex));
		jsonw_string(&out, "subject", one->subject);
		jsonw_string(&out, "outcome", words[one->outcome]);
		jsonw_string(&out, "why", one->why);
		jsonw_string(&out, "other", one->has_other ? digest_hex(&one->other, hex) : NULL);
		jsonw_close(&out, '}');
	}
	jsonw_close(&out, ']');
	jsonw_open(&out, "warnings", '[');
	addition_warnings(a, json_warning, &out);
	jsonw_close(&out, ']');
	if (revocation)
		revocation_json(&out, revocation);
	jsonw_close(&out, '}');
	int code = jsonw_flush(&out, stdout, err);
	jsonw_deinit(&out);
	return code;
}
