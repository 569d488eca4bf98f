/* The ATT&CK tables. Facts (ids, names, tactics) from MITRE ATT&CK for Enterprise, versions 18 and
 * 19: version 19 split Defense Evasion (TA0005 is now called Stealth; Defense Impairment is TA0112)
 * and gave T1562's parts new numbers; rules with either numbering are in use. */
#include "respond/mitre.h"

/* A tactic's bit is its position here. */
static const struct tactic {
    const char *slug, *id, *name;
} tactics[] = {
    {"reconnaissance", "TA0043", "Reconnaissance"},
    {"resource-development", "TA0042", "Resource Development"},
    {"initial-access", "TA0001", "Initial Access"},
    {"execution", "TA0002", "Execution"},
    {"persistence", "TA0003", "Persistence"},
    {"privilege-escalation", "TA0004", "Privilege Escalation"},
    {"defense-evasion", "TA0005", "Defense Evasion"},
    {"credential-access", "TA0006", "Credential Access"},
    {"discovery", "TA0007", "Discovery"},
    {"lateral-movement", "TA0008", "Lateral Movement"},
    {"collection", "TA0009", "Collection"},
    {"command-and-control", "TA0011", "Command and Control"},
    {"exfiltration", "TA0010", "Exfiltration"},
    {"impact", "TA0040", "Impact"},
    {"stealth", "TA0005", "Stealth"},
    {"defense-impairment", "TA0112", "Defense Impairment"},
};
#define TACTICS     (sizeof tactics / sizeof *tactics)
#define TACTICS_OLD 14 /* the last two are version 19's */

enum {
    RC = 1 << 0,
    RD = 1 << 1,
    IA = 1 << 2,
    EX = 1 << 3,
    PE = 1 << 4,
    PR = 1 << 5,
    DE = 1 << 6 | 1 << 14 | 1 << 15, /* version 19's halves count as the whole */
    CA = 1 << 7,
    DI = 1 << 8,
    LM = 1 << 9,
    CO = 1 << 10,
    CC = 1 << 11,
    XF = 1 << 12,
    IM = 1 << 13,
    IAAS = 1 << 16 /* a cell of the matrix for the platform IaaS, as of version 18.1 */
};

static const struct technique {
    const char *id, *name;
    unsigned tactics;
} techniques[] = {
    {"T1003", "OS Credential Dumping", CA},
    {"T1005", "Data from Local System", CO},
    {"T1020", "Automated Exfiltration", XF},
    {"T1020.001", "Traffic Duplication", XF | IAAS},
    {"T1021", "Remote Services", LM | IAAS},
    {"T1021.001", "Remote Desktop Protocol", LM},
    {"T1021.004", "SSH", LM},
    {"T1021.007", "Cloud Services", LM | IAAS},
    {"T1021.008", "Direct Cloud VM Connections", LM | IAAS},
    {"T1036.010", "Masquerade Account Name", DE | IAAS},
    {"T1040", "Network Sniffing", CA | DI | IAAS},
    {"T1046", "Network Service Discovery", DI | IAAS},
    {"T1048", "Exfiltration Over Alternative Protocol", XF | IAAS},
    {"T1049", "System Network Connections Discovery", DI | IAAS},
    {"T1053", "Scheduled Task/Job", EX | PE | PR},
    {"T1059", "Command and Scripting Interpreter", EX | IAAS},
    {"T1059.001", "PowerShell", EX},
    {"T1059.003", "Windows Command Shell", EX},
    {"T1059.004", "Unix Shell", EX},
    {"T1059.009", "Cloud API", EX | IAAS},
    {"T1069", "Permission Groups Discovery", DI | IAAS},
    {"T1069.003", "Cloud Groups", DI | IAAS},
    {"T1070", "Indicator Removal", DE},
    {"T1070.004", "File Deletion", DE},
    {"T1071", "Application Layer Protocol", CC},
    {"T1074", "Data Staged", CO | IAAS},
    {"T1074.002", "Remote Data Staging", CO | IAAS},
    {"T1078", "Valid Accounts", IA | PE | PR | DE | IAAS},
    {"T1078.001", "Default Accounts", IA | PE | PR | DE | IAAS},
    {"T1078.002", "Domain Accounts", IA | PE | PR | DE},
    {"T1078.004", "Cloud Accounts", IA | PE | PR | DE | IAAS},
    {"T1082", "System Information Discovery", DI | IAAS},
    {"T1087", "Account Discovery", DI | IAAS},
    {"T1087.004", "Cloud Account", DI | IAAS},
    {"T1090", "Proxy", CC},
    {"T1098", "Account Manipulation", PE | PR | IAAS},
    {"T1098.001", "Additional Cloud Credentials", PE | PR | IAAS},
    {"T1098.003", "Additional Cloud Roles", PE | PR | IAAS},
    {"T1098.004", "SSH Authorized Keys", PE | PR | IAAS},
    {"T1098.005", "Device Registration", PE | PR},
    {"T1098.006", "Additional Container Cluster Roles", PE | PR},
    {"T1105", "Ingress Tool Transfer", CC},
    {"T1110", "Brute Force", CA | IAAS},
    {"T1110.001", "Password Guessing", CA | IAAS},
    {"T1110.003", "Password Spraying", CA | IAAS},
    {"T1110.004", "Credential Stuffing", CA | IAAS},
    {"T1119", "Automated Collection", CO | IAAS},
    {"T1133", "External Remote Services", IA | PE},
    {"T1136", "Create Account", PE | IAAS},
    {"T1136.003", "Cloud Account", PE | IAAS},
    {"T1190", "Exploit Public-Facing Application", IA | IAAS},
    {"T1195", "Supply Chain Compromise", IA},
    {"T1199", "Trusted Relationship", IA | IAAS},
    {"T1201", "Password Policy Discovery", DI | IAAS},
    {"T1204", "User Execution", EX | IAAS},
    {"T1204.003", "Malicious Image", EX | IAAS},
    {"T1211", "Exploitation for Defense Evasion", DE | IAAS},
    {"T1213", "Data from Information Repositories", CO | IAAS},
    {"T1213.006", "Databases", CO | IAAS},
    {"T1484", "Domain or Tenant Policy Modification", PR | DE},
    {"T1484.002", "Trust Modification", PR | DE},
    {"T1485", "Data Destruction", IM | IAAS},
    {"T1485.001", "Lifecycle-Triggered Deletion", IM | IAAS},
    {"T1486", "Data Encrypted for Impact", IM | IAAS},
    {"T1489", "Service Stop", IM | IAAS},
    {"T1490", "Inhibit System Recovery", IM | IAAS},
    {"T1491", "Defacement", IM | IAAS},
    {"T1491.002", "External Defacement", IM | IAAS},
    {"T1496", "Resource Hijacking", IM | IAAS},
    {"T1496.001", "Compute Hijacking", IM | IAAS},
    {"T1496.002", "Bandwidth Hijacking", IM | IAAS},
    {"T1496.004", "Cloud Service Hijacking", IM},
    {"T1498", "Network Denial of Service", IM | IAAS},
    {"T1498.001", "Direct Network Flood", IM | IAAS},
    {"T1498.002", "Reflection Amplification", IM | IAAS},
    {"T1499", "Endpoint Denial of Service", IM | IAAS},
    {"T1499.002", "Service Exhaustion Flood", IM | IAAS},
    {"T1499.003", "Application Exhaustion Flood", IM | IAAS},
    {"T1499.004", "Application or System Exploitation", IM | IAAS},
    {"T1518", "Software Discovery", DI | IAAS},
    {"T1518.001", "Security Software Discovery", DI | IAAS},
    {"T1525", "Implant Internal Image", PE | IAAS},
    {"T1526", "Cloud Service Discovery", DI | IAAS},
    {"T1528", "Steal Application Access Token", CA | IAAS},
    {"T1530", "Data from Cloud Storage", CO | IAAS},
    {"T1531", "Account Access Removal", IM | IAAS},
    {"T1535", "Unused/Unsupported Cloud Regions", DE | IAAS},
    {"T1537", "Transfer Data to Cloud Account", XF | IAAS},
    {"T1538", "Cloud Service Dashboard", DI | IAAS},
    {"T1546", "Event Triggered Execution", PE | PR | IAAS},
    {"T1548", "Abuse Elevation Control Mechanism", PR | DE | IAAS},
    {"T1548.005", "Temporary Elevated Cloud Access", PR | DE | IAAS},
    {"T1550", "Use Alternate Authentication Material", DE | LM | IAAS},
    {"T1550.001", "Application Access Token", DE | LM | IAAS},
    {"T1550.004", "Web Session Cookie", DE | LM | IAAS},
    {"T1552", "Unsecured Credentials", CA | IAAS},
    {"T1552.001", "Credentials In Files", CA | IAAS},
    {"T1552.005", "Cloud Instance Metadata API", CA | IAAS},
    {"T1555", "Credentials from Password Stores", CA | IAAS},
    {"T1555.006", "Cloud Secrets Management Stores", CA | IAAS},
    {"T1556", "Modify Authentication Process", PE | DE | CA | IAAS},
    {"T1556.006", "Multi-Factor Authentication", PE | DE | CA | IAAS},
    {"T1556.007", "Hybrid Identity", PE | DE | CA | IAAS},
    {"T1556.009", "Conditional Access Policies", PE | DE | CA | IAAS},
    {"T1562", "Impair Defenses", DE | IAAS},
    {"T1562.001", "Disable or Modify Tools", DE | IAAS},
    {"T1562.004", "Disable or Modify System Firewall", DE},
    {"T1562.006", "Indicator Blocking", DE},
    {"T1562.007", "Disable or Modify Cloud Firewall", DE | IAAS},
    {"T1562.008", "Disable or Modify Cloud Logs", DE | IAAS},
    {"T1565", "Data Manipulation", IM},
    {"T1565.001", "Stored Data Manipulation", IM},
    {"T1566", "Phishing", IA},
    {"T1566.002", "Spearphishing Link", IA},
    {"T1567", "Exfiltration Over Web Service", XF},
    {"T1578", "Modify Cloud Compute Infrastructure", DE | IAAS},
    {"T1578.001", "Create Snapshot", DE | IAAS},
    {"T1578.002", "Create Cloud Instance", DE | IAAS},
    {"T1578.003", "Delete Cloud Instance", DE | IAAS},
    {"T1578.004", "Revert Cloud Instance", DE | IAAS},
    {"T1578.005", "Modify Cloud Compute Configurations", DE | IAAS},
    {"T1580", "Cloud Infrastructure Discovery", DI | IAAS},
    {"T1583", "Acquire Infrastructure", RD},
    {"T1583.001", "Domains", RD},
    {"T1606", "Forge Web Credentials", CA | IAAS},
    {"T1606.001", "Web Cookies", CA | IAAS},
    {"T1606.002", "SAML Tokens", CA | IAAS},
    {"T1608.003", "Install Digital Certificate", RD},
    {"T1609", "Container Administration Command", EX},
    {"T1610", "Deploy Container", EX | DE},
    {"T1611", "Escape to Host", PR},
    {"T1613", "Container and Resource Discovery", DI},
    {"T1614", "System Location Discovery", DI | IAAS},
    {"T1619", "Cloud Storage Object Discovery", DI | IAAS},
    {"T1621", "Multi-Factor Authentication Request Generation", CA | IAAS},
    {"T1648", "Serverless Execution", EX | IAAS},
    {"T1651", "Cloud Administration Command", EX | IAAS},
    {"T1654", "Log Enumeration", DI | IAAS},
    {"T1657", "Financial Theft", IM},
    {"T1666", "Modify Cloud Resource Hierarchy", DE | IAAS},
    {"T1671", "Cloud Application Integration", PE},
    {"T1680", "Local Storage Discovery", DI | IAAS},
    {"T1685", "Disable or Modify Tools", DE},
    {"T1685.002", "Disable or Modify Cloud Log", DE},
    {"T1686", "Disable or Modify System Firewall", DE},
    {"T1686.001", "Cloud Firewall", DE},
};

/* The part of a tag behind "attack.", absent for tags of others. */
static struct str attack_tag(struct str tag)
{
    const struct str prefix = S("attack.");
    return str_eq_fold(str_slice(tag, 0, prefix.n), prefix) ? str_skip(tag, prefix.n) : STR_ABSENT;
}

static bool same_slug(struct str tag, const char *slug)
{
    if (tag.n != strlen(slug))
        return false;
    for (size_t i = 0; i < tag.n; i++)
        if (byte_lower(tag.p[i]) != slug[i] && !(tag.p[i] == '_' && slug[i] == '-'))
            return false;
    return true;
}

/* Bits of the tactics that the rule's tags name; *first the position of the first, or TACTICS. */
static unsigned tactics_of(const struct ruleset *rs, const struct rs_rule *r, size_t *first)
{
    unsigned bits = 0;
    *first = TACTICS;
    for (uint32_t i = 0; i < r->tags.n; i++) {
        struct str tag = attack_tag(rs_list_str(rs, r->tags, i));
        for (size_t t = 0; t < TACTICS; t++)
            if (same_slug(tag, tactics[t].slug)) {
                bits |= 1u << t;
                *first = *first == TACTICS ? t : *first;
            }
    }
    return bits;
}

/* Whether a tag is T1234 or T1234.567; its upper-case form goes to id. */
static bool technique_id(struct str tag, char id[10])
{
    if ((tag.n != 5 && tag.n != 9) || byte_lower(tag.p[0]) != 't')
        return false;
    for (size_t i = 1; i < tag.n; i++)
        if (i == 5 ? tag.p[i] != '.' : !byte_is_digit(tag.p[i]))
            return false;
    memcpy(id, tag.p, tag.n);
    id[0] = 'T';
    id[tag.n] = '\0';
    return true;
}

static const struct technique *technique_find(const char *id)
{
    for (size_t i = 0; i < sizeof techniques / sizeof *techniques; i++)
        if (strcmp(techniques[i].id, id) == 0)
            return &techniques[i];
    return NULL;
}

/* Where the pairings of one rule are put. */
struct pairs {
    struct mitre *out;
    size_t n;
};

/* Appends tactic (TACTICS: none) with technique (its id empty: none). */
static void pair(struct pairs *p, size_t tactic, const char *id, const struct technique *known)
{
    if (p->n == MITRE_PER_RULE_MAX)
        return;
    struct mitre *m = &p->out[p->n++];
    *m = (struct mitre){0};
    if (tactic < TACTICS) {
        m->tactic = str_of(tactics[tactic].id);
        m->tactic_name = str_of(tactics[tactic].name);
        m->tactic_slug = str_of(tactics[tactic].slug);
    }
    if (!*id)
        return;
    memcpy(m->id, id, sizeof m->id);
    m->technique = str_of(m->id);
    m->technique_name = known ? str_of(known->name) : STR_ABSENT;
}

static void pair_technique(struct pairs *p, unsigned bits, size_t first, const char *id)
{
    const struct technique *known = technique_find(id);
    size_t before = p->n;
    for (size_t t = 0; known && t < TACTICS; t++)
        if (bits & known->tactics & 1u << t)
            pair(p, t, id, known);
    if (p->n == before)
        pair(p, first, id, known);
}

size_t mitre_of(const struct ruleset *rs, const struct rs_rule *r,
                struct mitre out[MITRE_PER_RULE_MAX])
{
    struct pairs p = {.out = out};
    size_t first;
    unsigned bits = tactics_of(rs, r, &first);
    for (uint32_t i = 0; i < r->tags.n; i++) {
        char id[10] = "";
        if (technique_id(attack_tag(rs_list_str(rs, r->tags, i)), id))
            pair_technique(&p, bits, first, id);
    }
    bool tactics_only = p.n == 0;
    for (size_t t = 0; tactics_only && t < TACTICS; t++)
        if (bits & 1u << t)
            pair(&p, t, "", NULL);
    return p.n;
}

/* ---- the matrix ---- */

bool mitre_next(struct mitre_walk *w, struct mitre_cell *out)
{
    for (; w->tactic < TACTICS_OLD; w->tactic++, w->technique = 0)
        while (w->technique < sizeof techniques / sizeof *techniques) {
            const struct technique *t = &techniques[w->technique++];
            if (!(t->tactics & 1u << w->tactic))
                continue;
            const struct tactic *under = &tactics[w->tactic];
            *out = (struct mitre_cell){
                .tactic = str_of(under->id),
                .tactic_slug = str_of(under->slug),
                .tactic_name = str_of(under->name),
                .technique = str_of(t->id),
                .technique_name = str_of(t->name),
                .iaas = t->tactics & IAAS,
            };
            return true;
        }
    return false;
}

bool mitre_is_cell(const struct mitre *m, const struct mitre_cell *c)
{
    struct str tactic = str_eqz(m->tactic, "TA0112") ? S("TA0005") : m->tactic;
    return str_eq(tactic, c->tactic) && str_eq(m->technique, c->technique);
}
