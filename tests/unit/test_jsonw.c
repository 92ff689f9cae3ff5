#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"
#include "truststore/base/clock.h"
#include "truststore/jsonw.h"

static json_t *parsed(struct jsonw *w)
{
	json_error_t error;
	ck_assert(!w->failed);
	json_t *value = json_loadb(w->bytes, w->len, 0, &error);
	ck_assert_msg(value != NULL, "%s in %.*s", error.text, (int)w->len, w->bytes);
	jsonw_deinit(w);
	return value;
}

START_TEST(what_is_written_is_json)
{
	struct jsonw w = { 0 };
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "text", "a \"b\" \\c");
	jsonw_string(&w, "nothing", NULL);
	jsonw_number(&w, "number", -5);
	jsonw_flag(&w, "flag", true);
	jsonw_time(&w, "time", 0);
	jsonw_time(&w, "never", CLOCK_NEVER);
	jsonw_words(&w, "words", "CCM,TFTP");
	jsonw_words(&w, "none", "");
	jsonw_base64(&w, "base64", "\0\377a", 3);
	jsonw_open(&w, "array", '[');
	jsonw_open(&w, NULL, '{');
	jsonw_close(&w, '}');
	jsonw_number(&w, NULL, 7);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	json_t *value = parsed(&w);
	json_t *same = json_pack("{s:s, s:n, s:i, s:b, s:s, s:n, s:[s,s], s:[], s:s, s:[{},i]}", "text",
	                         "a \"b\" \\c", "nothing", "number", -5, "flag", 1, "time",
	                         "1970-01-01T00:00:00Z", "never", "words", "CCM", "TFTP", "none", "base64", "AP9h", "array",
	                         7);
	ck_assert(json_equal(value, same));
	json_decref(value);
	json_decref(same);
}
END_TEST

START_TEST(any_bytes_give_printable_text)
{
	char all[256];
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	struct jsonw w = { 0 };
	jsonw_open(&w, NULL, '[');
	jsonw_text(&w, NULL, all, sizeof all);
	jsonw_text(&w, NULL, "Z\xc3\xbcrich", 7);
	jsonw_text(&w, NULL, "", 0);
	jsonw_close(&w, ']');
	json_t *value = parsed(&w);
	const char *text = json_string_value(json_array_get(value, 0));
	ck_assert_ptr_nonnull(strstr(text, "\\x00\\x01"));
	ck_assert_ptr_nonnull(strstr(text, "\\xff"));
	for (const char *p = text; *p; p++)
		ck_assert_int_ge((unsigned char)*p, ' ');
	ck_assert_str_eq(json_string_value(json_array_get(value, 1)), "Z\xc3\xbcrich");
	ck_assert_str_eq(json_string_value(json_array_get(value, 2)), "");
	json_decref(value);
}
END_TEST

START_TEST(depth_and_commas_go_on_after_a_flush)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&bytes, &len);
	struct jsonw w = { 0 };
	jsonw_open(&w, NULL, '[');
	for (int i = 0; i < 5; i++) {
		jsonw_number(&w, NULL, i);
		ck_assert_int_eq(jsonw_flush(&w, stream, NULL), 0);
	}
	jsonw_close(&w, ']');
	ck_assert_int_eq(jsonw_flush(&w, stream, NULL), 0);
	fclose(stream);
	json_t *value = json_loadb(bytes, len, 0, NULL);
	ck_assert_uint_eq(json_array_size(value), 5);
	json_decref(value);
	free(bytes);
	jsonw_deinit(&w);
}
END_TEST

START_TEST(cells_are_padded_by_columns)
{
	struct jsonw w = { 0 };
	jsonw_cell(&w, "Z\xc3\xbcrich\n", 8, 12);
	jsonw_plain(&w, "|");
	jsonw_cell(&w, "longer than that", 16, 3);
	jsonw_printf(&w, "%600d", 1);
	ck_assert_uint_eq(w.len, strlen("Zürich\\x0a  |longer than that") + 600);
	ck_assert_mem_eq(w.bytes, "Zürich\\x0a  |longer than that", strlen("Zürich\\x0a  |longer than that"));
	jsonw_deinit(&w);
}
END_TEST

START_TEST(a_full_disk_is_a_failure)
{
	struct jsonw w = { 0 };
	struct err err;
	FILE *full = fopen("/dev/full", "w");
	if (!full)
		return;
	setvbuf(full, NULL, _IONBF, 0);
	jsonw_plain(&w, "text");
	ck_assert_int_eq(jsonw_flush(&w, full, &err), ERR_FULL);
	fclose(full);
	jsonw_deinit(&w);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("jsonw", &tests);
	tcase_add_test(tests, what_is_written_is_json);
	tcase_add_test(tests, any_bytes_give_printable_text);
	tcase_add_test(tests, depth_and_commas_go_on_after_a_flush);
	tcase_add_test(tests, cells_are_padded_by_columns);
	tcase_add_test(tests, a_full_disk_is_a_failure);
	return fixture_run(suite);
}
