/* Ids from a seed and a label. */
#include "cli/simulate_names.h"

#include "base/sha256.h"
#include "base/timefmt.h"

uint64_t dice_next(struct dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *d, uint64_t n)
{
    return dice_next(d) % n;
}

static void put_digits(struct buf *b, struct dice *d, struct str alphabet, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_putc(b, alphabet.p[dice_below(d, alphabet.n)]);
}

static void put_hex(struct buf *b, struct dice *d, unsigned n)
{
    put_digits(b, d, S("0123456789abcdef"), n);
}

/* The alphabet is base 32's (RFC 4648), as in AWS's ids. */
static void put_unique(struct buf *b, struct dice *d, const char *kind, unsigned n)
{
    buf_putz(b, kind);
    put_digits(b, d, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), n);
    buf_putz(b, "EXAMPLE");
}

static void put_key(struct buf *b, struct dice *d, const char *kind)
{
    put_unique(b, d, kind, 9);
}

static void put_iam(struct buf *b, struct dice *d, const char *kind)
{
    put_unique(b, d, kind, 10);
}

static void put_ec2(struct buf *b, struct dice *d, const char *kind)
{
    buf_putf(b, "%s-0", kind);
    put_hex(b, d, 16);
}

static void put_uuid(struct buf *b, struct dice *d, const char *kind)
{
    (void)kind;
    put_hex(b, d, 8);
    buf_putc(b, '-');
    put_hex(b, d, 4);
    buf_putz(b, "-4");
    put_hex(b, d, 3);
    buf_putz(b, "-a");
    put_hex(b, d, 3);
    buf_putc(b, '-');
    put_hex(b, d, 12);
}

static void put_short(struct buf *b, struct dice *d, const char *kind)
{
    (void)kind;
    put_hex(b, d, 8);
}

static void put_address(struct buf *b, struct dice *d, const char *kind)
{
    buf_putf(b, "%s%u", kind[0] == 'o' ? "203.0.113." : "198.51.100.",
             1 + (unsigned)dice_below(d, 254));
}

static const struct kind {
    const char *name;
    void (*put)(struct buf *b, struct dice *d, const char *kind);
} kinds[] = {
    {"AKIA", put_key},  {"ASIA", put_key},   {"AIDA", put_iam},       {"AROA", put_iam},
    {"AIPA", put_iam},  {"i", put_ec2},      {"eni", put_ec2},        {"sg", put_ec2},
    {"snap", put_ec2},  {"subnet", put_ec2}, {"vol", put_ec2},        {"vpc", put_ec2},
    {"ami", put_ec2},   {"r", put_ec2},      {"sgr", put_ec2},        {"uuid", put_uuid},
    {"hex", put_short}, {"ip", put_address}, {"office", put_address},
};

/* Dice of the seed, the kind and the label. */
static struct dice dice_of(uint64_t seed, struct str kind, struct str label)
{
    struct sha256 h;
    unsigned char digest[SHA256_BYTES];
    struct dice d;
    sha256_init(&h);
    sha256_add(&h, str_n((const char *)&seed, sizeof seed));
    sha256_add_part(&h, kind);
    sha256_add_part(&h, label);
    sha256_end(&h, digest);
    memcpy(&d.state, digest, sizeof d.state);
    return d;
}

/* Jan 15, 2026, 9:30:00 AM: how IAM and STS write times. */
static void put_prose(struct buf *b, int64_t ms)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const struct time_parts t = time_split(ms);
    buf_putf(b, "%s %d, %d, %d:%02d:%02d %s", months[t.month - 1], t.day, t.year,
             (t.hour + 11) % 12 + 1, t.minute, t.second, t.hour < 12 ? "AM" : "PM");
}

static bool put_plain(struct buf *b, const struct simulate_names *names, struct str word)
{
    if (str_eqz(word, "account"))
        buf_putz(b, SIMULATE_ACCOUNT);
    else if (str_eqz(word, "stranger"))
        buf_putz(b, SIMULATE_STRANGER);
    else if (str_eqz(word, "time"))
        time_put(b, names->time_ms);
    else if (str_eqz(word, "prose"))
        put_prose(b, names->time_ms);
    else if (str_eqz(word, "n"))
        buf_put_u64(b, names->n);
    else
        return false;
    return true;
}

/* A label that ends in # ("i:miner-#") is another id for each repeat. */
static void put_of_kind(struct buf *b, const struct simulate_names *names, const struct kind *k,
                        struct str label)
{
    struct dice d = dice_of(names->seed, str_of(k->name), label);
    if (str_ends(label, S("#")))
        d.state += names->n * 0x2545f4914f6cdd1du;
    k->put(b, &d, k->name);
}

static bool put_word(struct buf *b, const struct simulate_names *names, struct str word,
                     struct err *e)
{
    struct str label = word;
    struct str kind = str_cut(&label, ':');
    if (!str_present(label) && put_plain(b, names, word))
        return true;
    for (size_t i = 0; str_present(label) && i < sizeof kinds / sizeof *kinds; i++) {
        if (!str_eqz(kind, kinds[i].name))
            continue;
        put_of_kind(b, names, kinds + i, label);
        return true;
    }
    return err_set(e, ERR_INPUT, "${%.*s} stands for nothing", (int)(word.n < 60 ? word.n : 60),
                   word.p);
}

bool names_put(struct buf *out, const struct simulate_names *names, struct str text, struct err *e)
{
    for (size_t at; (at = str_find(text, S("${"), 0)) != SIZE_MAX;) {
        size_t end = str_find_byte(text, '}', at);
        if (end == SIZE_MAX)
            return err_set(e, ERR_INPUT, "a ${ is not closed");
        buf_put(out, str_slice(text, 0, at));
        if (!put_word(out, names, str_slice(text, at + 2, end), e))
            return false;
        text = str_skip(text, end + 1);
    }
    buf_put(out, text);
    return true;
}
