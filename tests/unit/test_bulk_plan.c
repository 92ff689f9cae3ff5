/* Decisions of an import, and what is refused of SFTP's settings before any connection. */
#include <check.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/bulk_plan.h"
#include "truststore/bulk_sftp.h"
#include "truststore/role.h"

static struct err err;

enum { SAST = ROLE_BIT(ROLE_SAST), CCM = ROLE_BIT(ROLE_CCM), TFTP = ROLE_BIT(ROLE_TFTP) };

static struct bulk_decision decide(const struct bulk_facts *facts)
{
	struct bulk_decision out;
	bulk_decide(facts, &out);
	return out;
}

START_TEST(roles_are_what_all_three_say)
{
	struct bulk_facts facts = { .has_store = true, .store_roles = CCM | TFTP, .asked = CCM | TFTP, .ceiling = SAST | TFTP };
	struct bulk_decision d = decide(&facts);
	ck_assert_int_eq(d.action, BULK_TAKE);
	ck_assert_uint_eq(d.roles, TFTP);
	ck_assert_uint_eq(d.withheld, CCM);
	facts.ceiling = ROLE_ALL;
	d = decide(&facts);
	ck_assert_uint_eq(d.roles, CCM | TFTP);
	ck_assert_uint_eq(d.withheld, 0);
	facts.asked = TFTP; /* its own cluster gives it no more */
	ck_assert_uint_eq(decide(&facts).roles, TFTP);
	facts.store_roles = SAST;
	d = decide(&facts);
	ck_assert_int_eq(d.action, BULK_SKIP);
	ck_assert_str_eq(d.why, "it would grant no role");
	facts.asked = SAST;
	facts.ceiling = TFTP;
	d = decide(&facts);
	ck_assert_int_eq(d.action, BULK_REFUSE);
	ck_assert_uint_eq(d.roles, 0);
	ck_assert_str_eq(d.why, "it would grant SAST, and the cluster may grant TFTP at most");
}
END_TEST

START_TEST(what_stands_here_comes_first)
{
	struct bulk_facts good = { .has_store = true, .store_roles = SAST, .asked = SAST, .ceiling = SAST }, facts = good;
	ck_assert_int_eq(decide(&facts).action, BULK_TAKE);
	facts.held_by = "own";
	ck_assert_int_eq(decide(&facts).action, BULK_KEEP);
	facts.removed_from = "Phone-SAST-trust";
	ck_assert_int_eq(decide(&facts).action, BULK_SKIP);
	ck_assert_str_eq(decide(&facts).why, "it was removed from Phone-SAST-trust here");
	facts.blocked = true;
	ck_assert_str_eq(decide(&facts).why, "it is blocked here");
	facts = good;
	facts.has_store = false;
	ck_assert_int_eq(decide(&facts).action, BULK_SKIP);
	ck_assert_uint_eq(decide(&facts).roles, 0);
}
END_TEST

START_TEST(urls_are_taken_strictly)
{
	struct bulk_url url;
	ck_assert_msg(!bulk_url_parse("sftp://bulk@files.example.com/var/exchange/", &url, &err), "%s", err_text(&err));
	ck_assert_str_eq(url.user, "bulk");
	ck_assert_str_eq(url.target.text, "files.example.com:22");
	ck_assert_str_eq(url.path, "/var/exchange");
	ck_assert_int_eq(bulk_url_parse("sftp://b@[::1]:2222/", &url, &err), 0);
	ck_assert_str_eq(url.target.text, "[::1]:2222");
	ck_assert_str_eq(url.path, "");
	ck_assert_int_eq(bulk_url_parse("sftp://b@h/~/x", &url, &err), 0);
	ck_assert_str_eq(url.path, "/~/x");
	static const char *const bad[] = {
		"ftp://b@h/x", "sftp://h/x", "sftp://b:secret@h/x", "sftp://@h/x", "sftp://b@/x", "sftp://b@h", "sftp://b@h/../x", "sftp://b@h/a/./b",
		"sftp://b@h/a//b", "sftp://b@h/a b", "sftp://b@h/a%20b", "sftp://b@h/a\"b", "sftp://b@h/a\nrm", "sftp://b@h:0/x", "sftp://b@h:99999/x",
		"sftp://b@h/~x", "sftp://b@h/x?y", "sftp://b@h/x#y", "sftp://b@h;rm/x", "SFTP://b@h/x",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(bulk_url_parse(bad[i], &url, &err), "%s", bad[i]);
		ck_assert_msg(strlen(err.text) > 20, "%s: %s", bad[i], err.text);
	}
}
END_TEST

START_TEST(host_keys_in_every_spelling)
{
	char out[BULK_HOST_KEY_SIZE];
	static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const char base64[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
	static const char *const good[] = { hex, base64, "SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_msg(!bulk_host_key_parse(good[i], out, &err), "%s: %s", good[i], err_text(&err));
		ck_assert_str_eq(out, base64);
	}
	static const char *const bad[] = { "", "MD5:00", "SHA256:", "0001", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh!" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(bulk_host_key_parse(bad[i], out, &err), "%s", bad[i]);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("bulk_plan", &tests);
	tcase_add_test(tests, roles_are_what_all_three_say);
	tcase_add_test(tests, what_stands_here_comes_first);
	tcase_add_test(tests, urls_are_taken_strictly);
	tcase_add_test(tests, host_keys_in_every_spelling);
	return fixture_run(suite);
}
