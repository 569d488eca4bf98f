/* MITRE ATT&CK as rules' tags name it: tactics and the techniques seen in cloud control planes. */
#ifndef TW_RESPOND_MITRE_H
#define TW_RESPOND_MITRE_H

#include "engine/ruleset.h"

/* One pairing. A part that the rule's tags do not tell is absent; names are absent for an id that
 * the tables here do not have (it is told by its id all the same). */
struct mitre {
    struct str tactic; /* "TA0005" */
    struct str tactic_name;
    struct str tactic_slug; /* "defense-evasion" */
    struct str technique;   /* "T1562.008", upper case */
    struct str technique_name;
    char id[10]; /* technique's bytes: so not to be copied */
};

#define MITRE_PER_RULE_MAX 32 /* pairings told of one rule; public rules have at most 8 */

/* Reads tags like attack.defense-evasion, attack.defense_evasion and attack.t1562.008. Each
 * technique comes once for every tactic of the rule that ATT&CK lists it under; with the rule's
 * first tactic when none fits; a rule with tactics only gives those. Returns how many. */
size_t mitre_of(const struct ruleset *rs, const struct rs_rule *r,
                struct mitre out[MITRE_PER_RULE_MAX]);

/* A technique under one of its tactics. The texts are the program's. */
struct mitre_cell {
    struct str tactic, tactic_slug, tactic_name; /* "TA0040", "impact", "Impact" */
    struct str technique, technique_name;
    bool iaas; /* it stands in the matrix for IaaS (ATT&CK 18.1) */
};

/* Where a walk over all cells is; {0} is its beginning. */
struct mitre_walk {
    size_t tactic, technique;
};

/* The next cell: tactics as ATT&CK orders them, techniques by id. False at the end. */
bool mitre_next(struct mitre_walk *w, struct mitre_cell *out);
/* Whether a rule's pairing is this cell; the two tactics that version 19 made of Defense Evasion
 * are in its. */
bool mitre_is_cell(const struct mitre *m, const struct mitre_cell *c);

#endif
