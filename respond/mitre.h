/* MITRE ATT&CK as rules' tags name it: tactics and the techniques seen in cloud control planes. */
#ifndef TW_RESPOND_MITRE_H
#define TW_RESPOND_MITRE_H

#include "engine/ruleset.h"

/* One pairing. A part that the rule's tags do not tell is absent; names are absent for an id that
 * the tables here do not have (it is told by its id all the same). */
struct mitre {
    struct str tactic; /* "TA0005" */
    struct str tactic_name;
    struct str technique; /* "T1562.008", upper case */
    struct str technique_name;
    char id[10]; /* technique's bytes: so not to be copied */
};

#define MITRE_PER_RULE_MAX 32 /* pairings told of one rule; public rules have at most 8 */

/* Reads tags like attack.defense-evasion, attack.defense_evasion and attack.t1562.008. Each
 * technique comes once for every tactic of the rule that ATT&CK lists it under; with the rule's
 * first tactic when none fits; a rule with tactics only gives those. Returns how many. */
size_t mitre_of(const struct ruleset *rs, const struct rs_rule *r,
                struct mitre out[MITRE_PER_RULE_MAX]);

#endif
