/* doctor: what is wrong with the installation, one line a finding. */
#include "truststore/cmd.h"

#include "truststore/base/out.h"
#include "truststore/doctor.h"
#include "truststore/jsonw.h"

struct findings {
	const struct cli *cli;
	struct jsonw json;
	size_t count;
	bool faults; /* one of them is more than a note */
};

static void show(const struct doctor_finding *finding, void *arg)
{
	struct findings *findings = arg;
	struct jsonw *out = &findings->json;
	findings->count++;
	findings->faults |= finding->severity > DOCTOR_NOTE;
	if (!cli_json(findings->cli)) {
		out_printf("%s: %s: %s; %s\n", doctor_severity_name(finding->severity), finding->check, finding->what,
		           finding->todo);
		return;
	}
	jsonw_open(out, NULL, '{');
	jsonw_string(out, "severity", doctor_severity_name(finding->severity));
	jsonw_string(out, "check", finding->check);
	jsonw_string(out, "what", finding->what);
	jsonw_string(out, "todo", finding->todo);
	jsonw_close(out, '}');
}

int cmd_doctor(struct cli *cli)
{
	struct findings findings = { .cli = cli };
	struct err err;
	int code = ERR_OK;
	jsonw_open(&findings.json, NULL, '[');
	doctor_run(cli_option(cli, "config"), cli_option(cli, "store"), show, &findings);
	jsonw_close(&findings.json, ']');
	if (cli_json(cli))
		code = jsonw_flush(&findings.json, stdout, &err);
	else if (!findings.count && !cli_quiet(cli))
		out_printf("nothing was found\n");
	jsonw_deinit(&findings.json);
	if (code)
		return cli_fail(cli, &err);
	return findings.faults ? EXIT_NO : EXIT_YES;
}
