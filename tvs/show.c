#include "config.h"

#include "tvs/show.h"

#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/base/digest.h"
#include "truststore/base/out.h"
#include "truststore/role.h"

static const char *role_text(uint8_t byte, char *out, size_t size)
{
	int role = role_from_byte(byte);
	if (role >= 0)
		snprintf(out, size, "%s", role_name((enum role)role));
	else
		snprintf(out, size, "role-%u", byte);
	return out;
}

static json_t *roles_json(const struct ask_answer *answer)
{
	json_t *array = json_array();
	char text[ROLES_TEXT_SIZE];
	for (size_t i = 0; i < answer->role_count; i++)
		json_array_append_new(array, json_string(role_text(answer->role[i], text, sizeof text)));
	return array;
}

static json_t *text_json(const char *text)
{
	return text ? out_text(text, strlen(text)) : json_null();
}

json_t *show_json(const struct shown *shown)
{
	const struct ask_answer *answer = shown->answer;
	const struct cert *cert = shown->cert;
	char hex[DIGEST_HEX_SIZE];
	json_t *object = json_object();
	json_object_set_new(object, "sha256", text_json(cert ? digest_hex(cert_sha256(cert), hex) : NULL));
	json_object_set_new(object, "subject", text_json(cert ? cert_subject(cert) : NULL));
	json_object_set_new(object, "trusted", json_boolean(answer->trusted));
	json_object_set_new(object, "roles", roles_json(answer));
	json_object_set_new(object, "ttl", answer->trusted ? json_integer(answer->ttl) : json_null());
	json_object_set_new(object, "server", text_json(panel_name(shown->panel, shown->server)));
	json_object_set_new(object, "seconds", json_real((double)answer->round_trip_us / 1e6));
	if (shown->about->key)
		json_object_set_new(object, shown->about->key, text_json(shown->about->text));
	return object;
}

/* The protocol carries no reason; the dates of the certificate are known here as well. A query that found none
 * leaves open whether the service has it. */
static void print_reason(const struct cert *cert)
{
	char when[CLOCK_TEXT_SIZE];
	int64_t now = clock_now();
	out_printf("  reason   the service %s", cert ? "does not trust it" : "has no such certificate, or does not trust it");
	if (cert && now > cert_not_after(cert))
		out_printf("; it expired on %s", clock_format(cert_not_after(cert), when));
	if (cert && now < cert_not_before(cert))
		out_printf("; it is not valid before %s", clock_format(cert_not_before(cert), when));
	out_printf("\n");
}

static void print_roles(const struct ask_answer *answer)
{
	char text[ROLES_TEXT_SIZE];
	out_printf("  roles    ");
	for (size_t i = 0; i < answer->role_count; i++)
		out_printf("%s%s", i ? "," : "", role_text(answer->role[i], text, sizeof text));
	out_printf("\n");
}

static void print_server(const struct shown *shown)
{
	const struct client *client = panel_client(shown->panel, shown->server);
	char hex[DIGEST_HEX_SIZE];
	out_printf("  server   %s, %.3f ms\n", panel_name(shown->panel, shown->server),
	           (double)shown->answer->round_trip_us / 1e3);
	if (!shown->verbose || !client)
		return;
	const struct cert *cert = client_certificate(client);
	out_printf("  tls      %s\n", client_describe(client));
	out_printf("  its cert %s, SHA-256 %s\n", cert_subject(cert), digest_hex(cert_sha256(cert), hex));
}

void show_text(const struct shown *shown)
{
	const struct ask_answer *answer = shown->answer;
	const struct cert *cert = shown->cert;
	const struct about *about = shown->about;
	char hex[DIGEST_HEX_SIZE], ttl[CLOCK_TEXT_SIZE];
	out_printf("%s\n", answer->trusted ? "trusted" : "not trusted");
	if (about->key && about->number > 1)
		out_printf("  %-8s %s, certificate %u\n", about->key, about->text, about->number);
	else if (about->key)
		out_printf("  %-8s %s\n", about->key, about->text);
	if (cert) {
		out_printf("  subject  %s\n", cert_subject(cert));
		out_printf("  sha256   %s\n", digest_hex(cert_sha256(cert), hex));
	}
	if (answer->trusted) {
		print_roles(answer);
		out_printf("  ttl      %u seconds (%s)\n", answer->ttl, duration_format(answer->ttl, ttl));
	} else {
		print_reason(cert);
	}
	print_server(shown);
}
