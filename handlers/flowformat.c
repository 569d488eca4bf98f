/* The table of columns, and reading a header. */
#include "handlers/flowformat.h"

#include <stdint.h>

#define DEFAULT_COLUMNS 14

/* By order of bytes, so that a name is found by halves. */
static const struct column {
    const char *name;
    bool number;
} columns[] = {
    {"account-id", false},
    {"action", false},
    {"az-id", false},
    {"bytes", true},
    {"dstaddr", false},
    {"dstport", true},
    {"ecs-cluster-arn", false},
    {"ecs-cluster-name", false},
    {"ecs-container-id", false},
    {"ecs-container-instance-arn", false},
    {"ecs-container-instance-id", false},
    {"ecs-second-container-id", false},
    {"ecs-service-name", false},
    {"ecs-task-arn", false},
    {"ecs-task-definition-arn", false},
    {"ecs-task-id", false},
    {"encryption-status", true},
    {"end", true},
    {"flow-direction", false},
    {"instance-id", false},
    {"interface-id", false},
    {"log-status", false},
    {"packets", true},
    {"packets-lost-blackhole", true},
    {"packets-lost-mtu-exceeded", true},
    {"packets-lost-no-route", true},
    {"packets-lost-ttl-expired", true},
    {"pkt-dst-aws-service", false},
    {"pkt-dstaddr", false},
    {"pkt-src-aws-service", false},
    {"pkt-srcaddr", false},
    {"protocol", true},
    {"region", false},
    {"reject-reason", false},
    {"resource-id", false},
    {"resource-type", false},
    {"srcaddr", false},
    {"srcport", true},
    {"start", true},
    {"sublocation-id", false},
    {"sublocation-type", false},
    {"subnet-id", false},
    {"tcp-flags", true},
    {"tgw-attachment-id", false},
    {"tgw-dst-az-id", false},
    {"tgw-dst-eni", false},
    {"tgw-dst-subnet-id", false},
    {"tgw-dst-vpc-account-id", false},
    {"tgw-dst-vpc-id", false},
    {"tgw-id", false},
    {"tgw-pair-attachment-id", false},
    {"tgw-src-az-id", false},
    {"tgw-src-eni", false},
    {"tgw-src-subnet-id", false},
    {"tgw-src-vpc-account-id", false},
    {"tgw-src-vpc-id", false},
    {"traffic-path", true},
    {"type", false},
    {"version", true},
    {"vpc-id", false},
};

static const struct column *find(struct str name)
{
    size_t from = 0, to = sizeof columns / sizeof *columns;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = str_cmp(str_of(columns[mid].name), name);
        if (c == 0)
            return columns + mid;
        if (c < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

bool flow_column_known(struct str name)
{
    return find(name) != NULL;
}

/* a-z first, then also digits and dashes. */
static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !byte_is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0 && byte_is_alpha(s.p[0]);
}

static struct str unwrapped(struct str word)
{
    if (str_starts(word, S("${")) && str_ends(word, S("}")))
        return str_slice(word, 2, word.n - 1);
    return word;
}

static bool add_column(struct flow_format *f, struct str name, size_t *known)
{
    const struct column *c = find(name);
    if (f->n == FLOW_COLUMNS_MAX || !is_name(name))
        return false;
    if (str_eq(name, S("log-status")))
        f->status = f->n;
    f->names[f->n] = name;
    f->numbers[f->n++] = c && c->number;
    *known += c != NULL;
    return true;
}

bool flow_format_read(struct flow_format *f, struct str line)
{
    size_t known = 0;
    bool ok = true;
    f->n = 0;
    f->status = SIZE_MAX;
    line = str_trim(line);
    if (line.n == 0 || line.n > sizeof f->line)
        return false;
    memcpy(f->line, line.p, line.n);
    for (struct str rest = str_n(f->line, line.n); ok && str_present(rest);)
        ok = add_column(f, unwrapped(str_cut(&rest, ' ')), &known);
    ok = ok && known && (known == f->n || known >= FLOW_KNOWN_MIN);
    f->n = ok ? f->n : 0;
    return ok;
}

void flow_format_copy(struct flow_format *to, const struct flow_format *from)
{
    *to = *from;
    for (size_t i = 0; i < from->n; i++)
        to->names[i].p = to->line + (from->names[i].p - from->line);
}

void flow_format_default(struct flow_format *f)
{
    (void)flow_format_read(f, S("version account-id interface-id srcaddr dstaddr srcport dstport "
                                "protocol packets bytes start end action log-status"));
}

size_t flow_line_fields(struct str line)
{
    size_t n = 0;
    for (struct str rest = str_trim(line); str_present(rest); n++)
        (void)str_cut(&rest, ' ');
    return n;
}

bool flow_line_is_default(struct str line)
{
    struct str rest = line;
    bool is = str_eq(str_cut(&rest, ' '), S("2")) && str_present(rest);
    (void)(is && str_cut(&rest, ' ').n);
    return is && str_present(rest) && str_starts(rest, S("eni-")) &&
           flow_line_fields(line) == DEFAULT_COLUMNS;
}
