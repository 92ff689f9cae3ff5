#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tvs/listener.h"
#include "tvs/settings.h"

static char path[64];

static void set_up(void)
{
	strcpy(path, "/tmp/test_settings.XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void tear_down(void)
{
	unlink(path);
}

static struct conf *load(const char *text)
{
	struct conf *conf;
	struct err err = { 0 };
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_msg(conf_load(path, &conf, &err) == ERR_OK, "%s", err.text);
	return conf;
}

static struct settings *good(const char *text)
{
	struct settings *settings;
	struct err err = { 0 };
	struct conf *conf = load(text);
	ck_assert_msg(settings_new(conf, NULL, NULL, &settings, &err) == ERR_OK, "%s", err.text);
	conf_free(conf);
	return settings;
}

START_TEST(defaults)
{
	struct settings *settings = good("");
	ck_assert_uint_eq(settings->listeners, 1);
	const struct settings_listener *listener = &settings->listener[0];
	ck_assert_str_eq(listener->section, "tvsd");
	ck_assert_uint_eq(listener->addresses, 2);
	ck_assert(listener->by_default);
	ck_assert_uint_eq(listener->networks, 0);
	ck_assert_int_eq(listener->min_version, TLS_1_2);
	ck_assert_int_eq(listener->client, TLS_CLIENT_NONE);
	ck_assert_uint_eq(listener->ciphers.count, 12);
	ck_assert_str_eq(listener->ciphers.suite[4]->name, "AES256-GCM-SHA384");
	ck_assert_str_eq(settings->store, "/var/lib/tvs");
	ck_assert_str_eq(settings->keys, "/var/lib/tvs/keys");
	ck_assert_ptr_null(settings->certificate);
	ck_assert_uint_ge(settings->workers, 1);
	ck_assert_uint_eq(settings->max_connections, 20000);
	ck_assert_uint_eq(settings->max_per_address, 64);
	ck_assert_int_eq(settings->handshake_ms, 10000);
	ck_assert_int_eq(settings->idle_ms, 60000);
	ck_assert_uint_eq(settings->max_requests, 1000);
	ck_assert(!settings->become && !settings->metrics && !settings_ask_clients(settings));
	settings_free(settings);
}
END_TEST

START_TEST(a_further_listener_inherits)
{
	struct settings *settings = good(
		"[tvsd]\nlisten = 127.0.0.1:1\nmin-tls = 1.1\nciphers = AES256-SHA\nallow-from = 10.0.0.0/8, ::1\n"
		"client-certificate = request\n"
		"[tvsd a]\nlisten = 127.0.0.1:2, [::1]:2\n"
		"[tvsd b]\nlisten = 127.0.0.1:3\nmin-tls = 1.3\nciphers = AES128-SHA:AES256-SHA\nallow-from = 192.0.2.1\n"
		"client-certificate = none\n");
	ck_assert_uint_eq(settings->listeners, 3);
	const struct settings_listener *a = &settings->listener[1], *b = &settings->listener[2];
	ck_assert_str_eq(a->section, "tvsd a");
	ck_assert_uint_eq(a->addresses, 2);
	ck_assert_int_eq(a->min_version, TLS_1_1);
	ck_assert_uint_eq(a->ciphers.count, 1);
	ck_assert_uint_eq(a->networks, 2);
	ck_assert_int_eq(a->client, TLS_CLIENT_REQUEST);
	ck_assert_int_eq(b->min_version, TLS_1_3);
	ck_assert_uint_eq(b->ciphers.count, 2);
	ck_assert_uint_eq(b->networks, 1);
	ck_assert_int_eq(b->client, TLS_CLIENT_NONE);
	ck_assert(settings_ask_clients(settings));
	settings_free(settings);
}
END_TEST

START_TEST(modes_raise_the_floor)
{
	struct settings *settings = good("[security]\ncommon-criteria = yes\n[tvsd]\nmin-tls = 1.0\n"
	                                 "[tvsd a]\nlisten = 127.0.0.1:2\nmin-tls = 1.2\n");
	ck_assert_int_eq(settings->listener[0].min_version, TLS_1_1);
	ck_assert_int_eq(settings->listener[1].min_version, TLS_1_2);
	ck_assert(!settings->policy.allow_expired && settings->policy.deny_unknown);
	settings_free(settings);
	settings = good("[security]\nfips = yes\n[tvsd]\nmin-tls = 1.0\n");
	ck_assert_int_eq(settings->listener[0].min_version, TLS_1_2);
	for (size_t i = 0; i < settings->listener[0].ciphers.count; i++)
		ck_assert_ptr_null(strstr(settings->listener[0].ciphers.suite[i]->name, "CAMELLIA"));
	ck_assert_uint_eq(settings->listener[0].ciphers.count, 10);
	settings_free(settings);
}
END_TEST

static void gather(const char *mistake, void *arg)
{
	char *all = arg;
	strcat(all, strrchr(path, '/') ? mistake + strlen(path) : mistake);
	strcat(all, "\n");
}

START_TEST(every_mistake_is_told_once)
{
	char all[4096] = "";
	struct settings *settings = NULL;
	struct err err = { 0 };
	struct conf *conf = load("[tvsd]\nlisten = 127.0.0.1:1, 127.0.0.1:1\nciphers = A_B\nallow-from = x, 10.0.0.1/8\n"
	                         "key = k.pem\ngroup = no-such-group\n[tvsd a]\nlisten = here\n[tvsd b]\nlisten = 127.0.0.1:1\n");
	ck_assert_int_eq(settings_new(conf, gather, all, &settings, &err), ERR_CONFIG);
	ck_assert_ptr_null(settings);
	static const char *const wanted[] = {
		":2: [tvsd] listen: 127.0.0.1:1 stands in [tvsd] already\n",
		":3: [tvsd] ciphers: You have entered an invalid Cipher String.\n",
		":4: [tvsd] allow-from: \"x\"", ":4: [tvsd] allow-from: \"10.0.0.1/8\"",
		":5: [tvsd] key: needs its \"certificate\" beside it\n",
		":6: [tvsd] group: no group \"no-such-group\"\n",
		":8: [tvsd a] listen: \"here\"",
		":10: [tvsd b] listen: 127.0.0.1:1 stands in [tvsd] already\n",
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const char *at = strstr(all, wanted[i]);
		ck_assert_msg(at, "lacks \"%s\":\n%s", wanted[i], all);
		ck_assert_msg(!strstr(at + 1, wanted[i]), "twice \"%s\":\n%s", wanted[i], all);
	}
	size_t lines = 0;
	for (const char *at = all; *at; at++)
		lines += *at == '\n';
	ck_assert_msg(lines == sizeof wanted / sizeof *wanted, "%s", all);
	ck_assert_ptr_nonnull(strstr(err.text, "[tvsd] listen: 127.0.0.1:1 stands in [tvsd] already"));
	conf_free(conf);
}
END_TEST

static bool is_open(int fd)
{
	int type;
	socklen_t len = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &type, &len) == 0;
}

START_TEST(listeners_share_what_stays)
{
	struct err err = { 0 };
	struct listeners old, new;
	struct settings *first = good("[tvsd]\nlisten = 127.0.0.1:0, 127.0.0.2:0\n[tvsd a]\nlisten = 127.0.0.1:0\n");
	struct settings *second = good("[tvsd]\nlisten = 127.0.0.1:0\n[tvsd a]\nlisten = 127.0.0.1:0, 127.0.0.3:0\n");
	ck_assert_msg(listeners_open(first, NULL, &old, &err) == ERR_OK, "%s", err.text);
	ck_assert_uint_eq(old.count, 3);
	ck_assert_int_ne(old.one[0].fd, old.one[2].fd);
	ck_assert(ntohs(old.one[0].bound.socket.v4.sin_port) != 0);
	ck_assert_msg(listeners_open(second, &old, &new, &err) == ERR_OK, "%s", err.text);
	ck_assert_uint_eq(new.count, 3);
	/* two of the same wanted address: one after the other */
	ck_assert_int_eq(new.one[0].fd, old.one[0].fd);
	ck_assert_int_eq(new.one[1].fd, old.one[2].fd);
	ck_assert_uint_eq(new.one[1].index, 1);
	int gone = old.one[1].fd, stays = old.one[0].fd;
	listeners_close(&old, &new);
	ck_assert(!is_open(gone));
	ck_assert(is_open(stays));
	listeners_close(&new, NULL);
	ck_assert(!is_open(stays));
	settings_free(first);
	settings_free(second);
}
END_TEST

START_TEST(a_listener_that_fails_leaves_nothing_open)
{
	struct err err = { 0 };
	struct listeners old, new;
	struct settings *first = good("[tvsd]\nlisten = 127.0.0.1:0\n");
	struct settings *second = good("[tvsd]\nlisten = 127.0.0.1:0, 127.0.0.2:0, 192.0.2.77:1\n");
	ck_assert_int_eq(listeners_open(first, NULL, &old, &err), ERR_OK);
	int next = dup(0);
	close(next);
	ck_assert_int_ne(listeners_open(second, &old, &new, &err), ERR_OK);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot listen on 192.0.2.77:1: "));
	ck_assert(is_open(old.one[0].fd));
	int again = dup(0);
	ck_assert_int_eq(again, next);
	close(again);
	listeners_close(&old, NULL);
	settings_free(first);
	settings_free(second);
}
END_TEST

START_TEST(an_address_may_become_wider_or_narrower)
{
	static const char *const pairs[][2] = { { "0.0.0.0", "127.0.0.1" }, { "127.0.0.1", "0.0.0.0" } };
	for (int i = 0; i < 2; i++) {
		struct err err = { 0 };
		struct listeners old, new, other;
		char text[128];
		snprintf(text, sizeof text, "[tvsd]\nlisten = %s:0\n", pairs[i][0]);
		struct settings *first = good(text);
		ck_assert_int_eq(listeners_open(first, NULL, &old, &err), ERR_OK);
		snprintf(text, sizeof text, "[tvsd]\nlisten = %s:%u\n", pairs[i][1],
		         ntohs(old.one[0].bound.socket.v4.sin_port));
		struct settings *second = good(text);
		ck_assert_int_ne(listeners_open(second, NULL, &other, &err), ERR_OK);
		ck_assert_msg(listeners_open(second, &old, &new, &err) == ERR_OK, "%s", err.text);
		ck_assert_int_ne(listeners_open(second, NULL, &other, &err), ERR_OK);
		listeners_close(&old, &new);
		listeners_close(&new, NULL);
		settings_free(first);
		settings_free(second);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("settings", &tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, defaults);
	tcase_add_test(tests, a_further_listener_inherits);
	tcase_add_test(tests, modes_raise_the_floor);
	tcase_add_test(tests, every_mistake_is_told_once);
	tcase_add_test(tests, listeners_share_what_stays);
	tcase_add_test(tests, a_listener_that_fails_leaves_nothing_open);
	tcase_add_test(tests, an_address_may_become_wider_or_narrower);
	return fixture_run(suite);
}
