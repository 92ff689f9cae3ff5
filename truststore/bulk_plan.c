#include "config.h"

#include "truststore/bulk_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "truststore/role.h"

__attribute__((format(printf, 3, 4)))
static void decide(struct bulk_decision *out, enum bulk_action action, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(out->why, sizeof out->why, format, args);
	va_end(args);
	out->action = action;
}

void bulk_decide(const struct bulk_facts *facts, struct bulk_decision *out)
{
	char wanted[ROLES_TEXT_SIZE], allowed[ROLES_TEXT_SIZE];
	uint32_t would = facts->asked & facts->store_roles;
	*out = (struct bulk_decision){ .action = BULK_TAKE };
	if (!facts->has_store)
		decide(out, BULK_SKIP, "there is no such trust store here");
	else if (facts->blocked)
		decide(out, BULK_SKIP, "it is blocked here");
	else if (facts->removed_from)
		decide(out, BULK_SKIP, "it was removed from %s here", facts->removed_from);
	else if (facts->held_by)
		decide(out, BULK_KEEP, "it is here already (%s)", facts->held_by);
	else if (would && !(would & facts->ceiling))
		decide(out, BULK_REFUSE, "it would grant %s, and the cluster may grant %s at most", roles_format(would, wanted),
		       roles_format(facts->ceiling, allowed));
	else if (!would)
		decide(out, BULK_SKIP, "it would grant no role");
	if (out->action == BULK_TAKE)
		out->roles = would & facts->ceiling;
	if (out->action == BULK_TAKE || out->action == BULK_REFUSE)
		out->withheld = would & ~facts->ceiling;
}

int bulk_ceiling(const struct conf *conf, const char *cluster, enum bulk_type type, uint32_t *out, struct err *err)
{
	char section[16 + BULK_CLUSTER_MAX];
	const char *name;
	enum role role;
	*out = bulk_rule(type)->ceiling;
	for (size_t i = 0; (name = conf_instance(conf, "bulk peer", i)); i++) {
		snprintf(section, sizeof section, "bulk peer %.*s", BULK_CLUSTER_MAX, name);
		if (strcasecmp(name, cluster) || !conf_is_set(conf, section, "roles"))
			continue;
		*out = 0;
		for (const char *const *word = conf_list(conf, section, "roles"); *word; word++) {
			struct err why;
			if (role_parse(*word, &role, &why))
				return conf_refuse(conf, section, "roles", err, "%s", err_text(&why));
			*out |= ROLE_BIT(role);
		}
	}
	return ERR_OK;
}
