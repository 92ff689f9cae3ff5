#include "certmon/scan.h"
#include "certmon/words.h"
#include "truststore/base/clock.h"
#include "truststore/tlspeer.h"

enum { SERVER_TIMEOUT_S = 10, SERVER_DEFAULT_PORT = 443 };

static int scan_server(struct scan *scan, const char *server, struct err *err)
{
	struct target target;
	struct cert *cert = NULL;
	struct err why;
	if (target_parse(server, SERVER_DEFAULT_PORT, &target, &why) ||
	    tlspeer_certificate(&target, clock_monotonic_us() + SERVER_TIMEOUT_S * 1000000LL, &cert, &why))
		return scan_problem(scan, server, err_text(&why), err);
	int code = scan_cert(scan, cert, target.text, words_affected(0, NULL, NULL), err);
	cert_free(cert);
	return code;
}

int scan_servers(struct scan *scan, struct err *err)
{
	int code = ERR_OK;
	for (const char *const *server = conf_list(scan->settings->conf, "certmon", "servers"); *server && !code; server++)
		code = scan_server(scan, *server, err);
	return code;
}
