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
#define TACTICS (sizeof tactics / sizeof *tactics)

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
    IM = 1 << 13
};

static const struct technique {
    const char *id, *name;
    unsigned tactics;
} techniques[] = {
    {"T1003", "OS Credential Dumping", CA},
    {"T1005", "Data from Local System", CO},
    {"T1020", "Automated Exfiltration", XF},
    {"T1021", "Remote Services", LM},
    {"T1021.001", "Remote Desktop Protocol", LM},
    {"T1021.004", "SSH", LM},
    {"T1021.007", "Cloud Services", LM},
    {"T1021.008", "Direct Cloud VM Connections", LM},
    {"T1040", "Network Sniffing", CA | DI},
    {"T1046", "Network Service Discovery", DI},
    {"T1048", "Exfiltration Over Alternative Protocol", XF},
    {"T1053", "Scheduled Task/Job", EX | PE | PR},
    {"T1059", "Command and Scripting Interpreter", EX},
    {"T1059.001", "PowerShell", EX},
    {"T1059.003", "Windows Command Shell", EX},
    {"T1059.004", "Unix Shell", EX},
    {"T1059.009", "Cloud API", EX},
    {"T1069", "Permission Groups Discovery", DI},
    {"T1069.003", "Cloud Groups", DI},
    {"T1070", "Indicator Removal", DE},
    {"T1070.004", "File Deletion", DE},
    {"T1071", "Application Layer Protocol", CC},
    {"T1074", "Data Staged", CO},
    {"T1074.002", "Remote Data Staging", CO},
    {"T1078", "Valid Accounts", IA | PE | PR | DE},
    {"T1078.001", "Default Accounts", IA | PE | PR | DE},
    {"T1078.002", "Domain Accounts", IA | PE | PR | DE},
    {"T1078.004", "Cloud Accounts", IA | PE | PR | DE},
    {"T1087", "Account Discovery", DI},
    {"T1087.004", "Cloud Account", DI},
    {"T1090", "Proxy", CC},
    {"T1098", "Account Manipulation", PE | PR},
    {"T1098.001", "Additional Cloud Credentials", PE | PR},
    {"T1098.003", "Additional Cloud Roles", PE | PR},
    {"T1098.004", "SSH Authorized Keys", PE | PR},
    {"T1105", "Ingress Tool Transfer", CC},
    {"T1110", "Brute Force", CA},
    {"T1110.003", "Password Spraying", CA},
    {"T1119", "Automated Collection", CO},
    {"T1133", "External Remote Services", IA | PE},
    {"T1136", "Create Account", PE},
    {"T1136.003", "Cloud Account", PE},
    {"T1190", "Exploit Public-Facing Application", IA},
    {"T1195", "Supply Chain Compromise", IA},
    {"T1199", "Trusted Relationship", IA},
    {"T1201", "Password Policy Discovery", DI},
    {"T1204", "User Execution", EX},
    {"T1204.003", "Malicious Image", EX},
    {"T1213", "Data from Information Repositories", CO},
    {"T1484", "Domain or Tenant Policy Modification", PR | DE},
    {"T1484.002", "Trust Modification", PR | DE},
    {"T1485", "Data Destruction", IM},
    {"T1485.001", "Lifecycle-Triggered Deletion", IM},
    {"T1486", "Data Encrypted for Impact", IM},
    {"T1489", "Service Stop", IM},
    {"T1490", "Inhibit System Recovery", IM},
    {"T1491", "Defacement", IM},
    {"T1496", "Resource Hijacking", IM},
    {"T1496.001", "Compute Hijacking", IM},
    {"T1496.004", "Cloud Service Hijacking", IM},
    {"T1498", "Network Denial of Service", IM},
    {"T1499", "Endpoint Denial of Service", IM},
    {"T1525", "Implant Internal Image", PE},
    {"T1526", "Cloud Service Discovery", DI},
    {"T1528", "Steal Application Access Token", CA},
    {"T1530", "Data from Cloud Storage", CO},
    {"T1531", "Account Access Removal", IM},
    {"T1535", "Unused/Unsupported Cloud Regions", DE},
    {"T1537", "Transfer Data to Cloud Account", XF},
    {"T1538", "Cloud Service Dashboard", DI},
    {"T1546", "Event Triggered Execution", PE | PR},
    {"T1548", "Abuse Elevation Control Mechanism", PR | DE},
    {"T1548.005", "Temporary Elevated Cloud Access", PR | DE},
    {"T1550", "Use Alternate Authentication Material", DE | LM},
    {"T1550.001", "Application Access Token", DE | LM},
    {"T1552", "Unsecured Credentials", CA},
    {"T1552.001", "Credentials In Files", CA},
    {"T1552.005", "Cloud Instance Metadata API", CA},
    {"T1555", "Credentials from Password Stores", CA},
    {"T1555.006", "Cloud Secrets Management Stores", CA},
    {"T1556", "Modify Authentication Process", CA | DE | PE},
    {"T1556.006", "Multi-Factor Authentication", CA | DE | PE},
    {"T1556.009", "Conditional Access Policies", CA | DE | PE},
    {"T1562", "Impair Defenses", DE},
    {"T1562.001", "Disable or Modify Tools", DE},
    {"T1562.004", "Disable or Modify System Firewall", DE},
    {"T1562.006", "Indicator Blocking", DE},
    {"T1562.007", "Disable or Modify Cloud Firewall", DE},
    {"T1562.008", "Disable or Modify Cloud Logs", DE},
    {"T1565", "Data Manipulation", IM},
    {"T1565.001", "Stored Data Manipulation", IM},
    {"T1566", "Phishing", IA},
    {"T1566.002", "Spearphishing Link", IA},
    {"T1567", "Exfiltration Over Web Service", XF},
    {"T1578", "Modify Cloud Compute Infrastructure", DE},
    {"T1578.001", "Create Snapshot", DE},
    {"T1578.002", "Create Cloud Instance", DE},
    {"T1578.003", "Delete Cloud Instance", DE},
    {"T1578.005", "Modify Cloud Compute Configurations", DE},
    {"T1580", "Cloud Infrastructure Discovery", DI},
    {"T1583", "Acquire Infrastructure", RD},
    {"T1583.001", "Domains", RD},
    {"T1606", "Forge Web Credentials", CA},
    {"T1608.003", "Install Digital Certificate", RD},
    {"T1609", "Container Administration Command", EX},
    {"T1610", "Deploy Container", DE | EX},
    {"T1611", "Escape to Host", PR},
    {"T1613", "Container and Resource Discovery", DI},
    {"T1619", "Cloud Storage Object Discovery", DI},
    {"T1621", "Multi-Factor Authentication Request Generation", CA},
    {"T1648", "Serverless Execution", EX},
    {"T1651", "Cloud Administration Command", EX},
    {"T1654", "Log Enumeration", DI},
    {"T1657", "Financial Theft", IM},
    {"T1666", "Modify Cloud Resource Hierarchy", DE},
    {"T1671", "Cloud Application Integration", PE},
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
