/* The escapers. */
#include "base/escape.h"

#define REPLACEMENT 0xFFFDu

int32_t utf8_take(struct str *s)
{
    const unsigned char *p = (const unsigned char *)s->p;
    unsigned c = p[0];
    size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0) == 0xE0 ? 2 : 3;
    if ((more == 0 && c >= 0x80) || (more == 3 && (c < 0xF0 || c > 0xF4)) || s->n <= more) {
        *s = str_skip(*s, 1);
        return -1;
    }
    uint32_t v = more == 0 ? c : c & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *s = str_skip(*s, 1);
            return -1;
        }
        v = v << 6 | (p[i] & 0x3Fu);
    }
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    bool bad = v < least[more] || (v >= 0xD800 && v <= 0xDFFF) || v > 0x10FFFF;
    *s = str_skip(*s, bad ? 1 : more + 1);
    return bad ? -1 : (int32_t)v;
}

void buf_put_utf8(struct buf *b, uint32_t c)
{
    char out[4];
    size_t n = 0;
    if (c < 0x80) {
        out[n++] = (char)c;
    } else if (c < 0x800) {
        out[n++] = (char)(0xC0 | c >> 6);
        out[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out[n++] = (char)(0xE0 | c >> 12);
        out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        out[n++] = (char)(0xF0 | c >> 18);
        out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (c & 0x3F));
    }
    buf_put(b, str_n(out, n));
}

#define EACH(byte) (0x0101010101010101u * (byte))

/* The highest bit of each byte that is zero; of bytes above a zero one perhaps too. */
static uint64_t zeros(uint64_t eight)
{
    return (eight - EACH(1)) & ~eight & EACH(0x80);
}

/* Whether one of eight bytes is below 0x20, above 0x7E, a quote or a backslash. */
static bool any_special(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return ((((x - EACH(0x20)) & ~x) | x) & EACH(0x80)) || zeros(x ^ EACH('"')) ||
           zeros(x ^ EACH('\\')) || zeros(x ^ EACH(0x7F));
}

/* Length of the run of printable ASCII at the front that no JSON escape touches. */
static size_t plain_run(struct str s)
{
    size_t n = 0;
    while (s.n - n >= 8 && !any_special(s.p + n))
        n += 8;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7F && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

/* What some place refuses or reads as more than text, though JSON would allow it. */
static bool json_escapes(int32_t c)
{
    return c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029 || c == 0xFFFE || c == 0xFFFF;
}

static void put_json_char(struct buf *b, int32_t c, struct str raw)
{
    static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (size_t i = 0; c > 0 && i < sizeof shorts - 1; i += 2)
        if (c == shorts[i]) {
            buf_putc(b, '\\');
            buf_putc(b, shorts[i + 1]);
            return;
        }
    if (c < 0)
        buf_put_utf8(b, REPLACEMENT);
    else if (json_escapes(c))
        buf_putf(b, "\\u%04x", (unsigned)c);
    else
        buf_put(b, raw);
}

void buf_put_json(struct buf *b, struct str s)
{
    if (!str_present(s)) {
        buf_putz(b, "null");
        return;
    }
    buf_putc(b, '"');
    while (s.n) {
        size_t run = plain_run(s);
        buf_put(b, str_n(s.p, run));
        s = str_skip(s, run);
        if (s.n == 0)
            break;
        struct str at = s;
        int32_t c = utf8_take(&s);
        put_json_char(b, c, str_n(at.p, at.n - s.n));
    }
    buf_putc(b, '"');
}

static bool is_bidi_or_separator(int32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 ||
           c == 0x2029 || c == 0x200E || c == 0x200F;
}

static bool terminal_escapes(int32_t c)
{
    return c >= 0 && (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_bidi_or_separator(c));
}

static void put_terminal_char(struct buf *b, int32_t c, struct str raw)
{
    if (c < 0)
        buf_put_utf8(b, REPLACEMENT);
    else if (!terminal_escapes(c))
        buf_put(b, raw);
    else if (c < 0xA0)
        buf_putf(b, "\\x%02X", (unsigned)c);
    else
        buf_putf(b, "\\u{%X}", (unsigned)c);
}

/* Whether a backslash in front of `rest` reads as the beginning of an escape. */
static bool begins_escape(struct str rest)
{
    return str_starts(rest, S("x")) || str_starts(rest, S("u{")) || str_starts(rest, S("\\")) ||
           (rest.n && terminal_escapes(utf8_take(&rest)));
}

static void put_terminal(struct buf *b, struct str s, bool sentence)
{
    while (s.n) {
        size_t run = plain_run(s);
        if (run) {
            buf_put(b, str_n(s.p, run));
            s = str_skip(s, run);
            continue;
        }
        struct str at = s;
        int32_t c = utf8_take(&s);
        if (c == '\\' && !sentence && begins_escape(s))
            buf_putc(b, '\\');
        put_terminal_char(b, c, str_n(at.p, at.n - s.n));
    }
}

void buf_put_terminal(struct buf *b, struct str s)
{
    put_terminal(b, s, false);
}

void buf_put_sentence(struct buf *b, struct str s)
{
    put_terminal(b, s, true);
}

static bool csv_needs_quotes(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == '\r')
            return true;
    return false;
}

void buf_put_csv(struct buf *b, struct str s)
{
    if (s.n == 0)
        return;
    bool formula = memchr("=+-@\t\r", s.p[0], 6) != NULL;
    bool quotes = csv_needs_quotes(s);
    if (quotes)
        buf_putc(b, '"');
    if (formula)
        buf_putc(b, '\'');
    while (s.n) {
        struct str at = s;
        int32_t c = utf8_take(&s);
        if (c < 0 || c == 0)
            buf_put_utf8(b, REPLACEMENT);
        else
            buf_put(b, str_n(at.p, at.n - s.n));
        if (c == '"')
            buf_putc(b, '"');
    }
    if (quotes)
        buf_putc(b, '"');
}

void buf_put_percent(struct buf *b, struct str s, bool keep_slash)
{
    static const char digit[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '.' || c == '_' ||
                     c == '~' || (keep_slash && c == '/');
        if (plain) {
            buf_putc(b, c);
        } else {
            unsigned char u = (unsigned char)c;
            char out[3] = {'%', digit[u >> 4], digit[u & 15]};
            buf_put(b, str_n(out, sizeof out));
        }
    }
}

void buf_put_form(struct buf *b, struct str s)
{
    while (str_present(s)) {
        buf_put_percent(b, str_cut(&s, ' '), false);
        if (str_present(s))
            buf_putc(b, '+');
    }
}

void buf_put_xmlchars(struct buf *b, struct str s)
{
    while (s.n) {
        struct str at = s;
        int32_t c = utf8_take(&s);
        bool fine = c >= 0x20 ? c != 0xFFFE && c != 0xFFFF : c == '\t' || c == '\n' || c == '\r';
        if (fine)
            buf_put(b, str_n(at.p, at.n - s.n));
        else
            buf_put_utf8(b, REPLACEMENT);
    }
}
