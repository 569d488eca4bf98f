/* Numbers for names. */
#include "respond/veil.h"

/* A text of some KB, token by token. */
#define VEILED_MAX (16u << 10)
#define HIDDEN     S("redacted")

void veil_init(struct veil *v)
{
    *v = (struct veil){.numbers = 0};
    lineage_map_init(&v->known, VEIL_TEXTS_MAX);
    arena_init(&v->bytes, VEIL_BYTES_MAX);
}

void veil_release(struct veil *v)
{
    lineage_map_release(&v->known);
    arena_release(&v->bytes);
}

/* The number of a text, from 1; 0 when there is no room. */
static uint32_t number_of(struct veil *v, struct str s)
{
    struct id128 id = seen_id(s);
    uint32_t n = lineage_map_find(&v->known, id);
    if (n != LINEAGE_MAP_NONE)
        return n;
    if (!lineage_map_add(&v->known, id, v->numbers + 1))
        return 0;
    return ++v->numbers;
}

/* What was built, as the veil's own. */
static struct str keep(struct veil *v, struct buf *b)
{
    struct str kept = b->failed ? STR_ABSENT : arena_str(&v->bytes, buf_str(b));
    buf_release(b);
    return str_present(kept) ? kept : HIDDEN;
}

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_digit(s.p[i]))
            return false;
    return s.n > 0;
}

static bool is_account(struct str s)
{
    return s.n == 12 && is_digits(s);
}

struct str veil_account(struct veil *v, struct str s)
{
    struct buf b;
    if (!is_account(s))
        return s;
    buf_init(&b, VEILED_MAX);
    buf_putf(&b, "%012u", (unsigned)number_of(v, s));
    return keep(v, &b);
}

/* Digits, dots and colons: no service's name. */
static bool is_address(struct str s)
{
    bool part = false;
    for (size_t i = 0; i < s.n; i++) {
        part = part || s.p[i] == '.' || s.p[i] == ':';
        if (byte_hex(s.p[i]) < 0 && s.p[i] != '.' && s.p[i] != ':')
            return false;
    }
    return part;
}

struct str veil_address(struct veil *v, struct str s)
{
    struct buf b;
    if (!is_address(s))
        return s;
    buf_init(&b, VEILED_MAX);
    buf_putf(&b, "2001:db8::%x", (unsigned)number_of(v, s));
    return keep(v, &b);
}

/* Words of ARNs and of AWS's own names, which tell nothing of whose they are. */
static bool is_public(struct str s)
{
    static const char *const words[] = {
        "arn",
        "aws",
        "aws-cn",
        "aws-us-gov",
        "iam",
        "sts",
        "s3",
        "ec2",
        "rds",
        "lambda",
        "kms",
        "ses",
        "sns",
        "sqs",
        "ssm",
        "ecr",
        "ecs",
        "eks",
        "logs",
        "events",
        "cloudtrail",
        "secretsmanager",
        "secret",
        "dynamodb",
        "user",
        "role",
        "group",
        "policy",
        "root",
        "table",
        "assumed-role",
        "function",
        "federated-user",
        "instance-profile",
        "mfa",
        "trail",
        "instance",
        "key",
        "alias",
        "snapshot",
        "cluster",
        "db",
        "anonymous",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eqz(s, words[i]))
            return true;
    return str_ends(s, S("amazonaws.com")) || s.n == 0;
}

/* us-east-1, eu-isob-west-1: letters, and one digit behind the last of at least two dashes. */
static bool is_region(struct str s)
{
    size_t dashes = 0;
    for (size_t i = 0; i < s.n; i++) {
        dashes += s.p[i] == '-';
        if (s.p[i] != '-' && !byte_is_alpha(s.p[i]) && i + 1 != s.n)
            return false;
    }
    return dashes >= 2 && s.n <= 20 && s.n > 2 && s.p[2] == '-' && byte_is_digit(s.p[s.n - 1]);
}

/* What an id begins with, and may keep: what kind of thing it is. */
static struct str id_prefix(struct str s)
{
    static const char *const prefixes[] = {"AKIA", "ASIA", "AIDA", "AROA",    "AIPA",
                                           "ANPA", "i-",   "sg-",  "snap-",   "vol-",
                                           "ami-", "vpc-", "eni-", "subnet-", "vpce-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(s, str_of(prefixes[i])))
            return str_of(prefixes[i]);
    return STR_ABSENT;
}

static void put_token(struct veil *v, struct buf *b, struct str s)
{
    struct str prefix = id_prefix(s);
    if (is_account(s))
        buf_put(b, veil_account(v, s));
    else if (is_public(s) || is_region(s))
        buf_put(b, s);
    else if (str_present(prefix)) {
        buf_put(b, prefix);
        buf_putf(b, "%08u", (unsigned)number_of(v, s));
    } else {
        buf_putf(b, "name-%u", (unsigned)number_of(v, s));
    }
}

static bool separates(char c)
{
    return c == ':' || c == '/' || c == ',' || c == ' ' || c == '|' || c == '*';
}

/* AWS's managed policies are everybody's. */
static bool is_of_aws(struct str s)
{
    return str_find(s, S(":iam::aws:policy/"), 0) != SIZE_MAX;
}

struct str veil_name(struct veil *v, struct str s)
{
    struct buf b;
    size_t from = 0;
    if (!s.n || is_of_aws(s))
        return s;
    if (is_address(s))
        return veil_address(v, s);
    buf_init(&b, VEILED_MAX);
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && !separates(s.p[i]))
            continue;
        put_token(v, &b, str_slice(s, from, i));
        if (i < s.n)
            buf_putc(&b, s.p[i]);
        from = i + 1;
    }
    return keep(v, &b);
}

/* ---- incidents ---- */

/* One text may be a name here and a word there: veiled ones are added. */
static uint32_t add_text(struct seen_events *s, struct str text)
{
    uint32_t at = (uint32_t)s->texts.n;
    struct str *to = vec_push(&s->texts, 1);
    if (!to)
        return SEEN_NONE;
    *to = text;
    return at;
}

/* Which text stands for which, so that equal ones stay one. */
struct swapped {
    struct lineage_map at; /* (kind, text) -> text */
};

static uint32_t swap(struct swapped *w, struct seen_events *s, struct veil *v, uint32_t text,
                     struct str (*fn)(struct veil *v, struct str s), uint64_t kind)
{
    if (text == SEEN_NONE)
        return text;
    const struct id128 id = {kind, text};
    uint32_t at = lineage_map_find(&w->at, id);
    if (at != LINEAGE_MAP_NONE)
        return at;
    at = add_text(s, fn(v, seen_text(s, text)));
    return at != SEEN_NONE && lineage_map_add(&w->at, id, at) ? at : SEEN_NONE;
}

static void veil_seen(struct veil *v, struct seen_events *s)
{
    struct swapped w;
    lineage_map_init(&w.at, SEEN_TEXTS_MAX);
    for (size_t k = 0; k < s->list.n; k++) {
        struct seen *e = vec_at(&s->list, k);
        e->ip = swap(&w, s, v, e->ip, veil_address, 1);
        e->account = swap(&w, s, v, e->account, veil_account, 2);
    }
    for (size_t k = 0; k < s->targets.n; k++) {
        struct seen_target *t = vec_at(&s->targets, k);
        uint32_t name = swap(&w, s, v, t->name, veil_name, 3);
        t->name = name == SEEN_NONE ? add_text(s, HIDDEN) : name;
    }
    lineage_map_release(&w.at);
}

void veil_incidents(struct veil *v, struct incidents *x)
{
    for (size_t k = 0; k < x->graph.nodes.n; k++) {
        struct graph_node *n = vec_at(&x->graph.nodes, k);
        n->name = veil_name(v, n->name);
        n->account = veil_account(v, n->account);
    }
    veil_seen(v, &x->seen);
}

/* ---- steps ---- */

static void veil_step(struct veil *v, struct story_step *t)
{
    t->text[STEP_RAW] = STR_ABSENT;
    t->text[STEP_IP] = veil_address(v, t->text[STEP_IP]);
    t->text[STEP_ACCOUNT] = veil_account(v, t->text[STEP_ACCOUNT]);
    t->text[STEP_KEY] = veil_name(v, t->text[STEP_KEY]);
    for (size_t k = 0; k < t->n_targets; k++)
        t->targets[k].name = veil_name(v, t->targets[k].name);
}

void veil_stories(struct veil *v, struct stories *s)
{
    for (size_t k = 0; k < s->steps.n; k++)
        veil_step(v, *(struct story_step **)vec_at(&s->steps, k));
    for (size_t k = 0; k < s->files.n; k++) {
        struct story_file *f = vec_at(&s->files, k);
        f->name = veil_name(v, f->name);
    }
}
