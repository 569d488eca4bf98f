/* JSON read in place. One pass, no tree; recursion only where a caller recurses. */
#include "engine/json.h"

#include "base/escape.h"
#include "engine/scanner.h"

enum json_type json_type_of(char first)
{
    switch (first) {
    case '"':
        return JSON_STRING;
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case 'n':
        return JSON_NULL;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    default:
        return first == '-' || byte_is_digit(first) ? JSON_NUMBER : JSON_ABSENT;
    }
}

static enum json_status skip_word(const char **p, const char *end, const char *word)
{
    for (; *word; word++, (*p)++) {
        if (*p == end)
            return JSON_MORE;
        if (**p != *word)
            return JSON_BAD;
    }
    return JSON_OK;
}

/* The grammar of RFC 8259 section 6. */
static enum json_status skip_number(const char **p, const char *end)
{
    const char *at = *p;
    if (at < end && *at == '-')
        at++;
    const char *digits = at;
    while (at < end && byte_is_digit(*at))
        at++;
    bool bad = at < end && at == digits;
    if (at - digits > 1 && *digits == '0') {
        at = digits + 1;
        bad = true;
    }
    if (!bad && at < end && *at == '.') {
        digits = ++at;
        while (at < end && byte_is_digit(*at))
            at++;
        bad = at < end && at == digits;
    }
    if (!bad && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        while (at < end && byte_is_digit(*at))
            at++;
        bad = at < end && at == digits;
    }
    *p = at;
    return bad ? JSON_BAD : at == end ? JSON_MORE : JSON_OK;
}

static enum json_status skip_scalar(const char **p, const char *end)
{
    bool escaped;
    switch (json_type_of(**p)) {
    case JSON_STRING:
        return json_skip_string(p, end, &escaped);
    case JSON_NULL:
        return skip_word(p, end, "null");
    case JSON_TRUE:
        return skip_word(p, end, "true");
    case JSON_FALSE:
        return skip_word(p, end, "false");
    case JSON_NUMBER:
        return skip_number(p, end);
    default:
        return JSON_BAD;
    }
}

static enum json_status skip_container(const char **p, const char *end)
{
    switch (scan_container(p, end)) {
    case SCAN_WHOLE:
        return JSON_OK;
    case SCAN_MORE:
        return JSON_MORE;
    default:
        return JSON_BAD;
    }
}

enum json_status json_skip(const char **p, const char *end)
{
    if (*p == end)
        return JSON_MORE;
    if (**p == '{' || **p == '[')
        return skip_container(p, end);
    return skip_scalar(p, end);
}

/* Four hexadecimal digits at s, or -1. */
static int32_t hex4(struct str s)
{
    int32_t v = 0;
    if (s.n < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        int d = byte_hex(s.p[i]);
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* Resolves the \u escape at the front of *s (behind the "\u"), with its low surrogate if it has
 * one. */
static uint32_t take_unicode(struct str *s)
{
    int32_t c = hex4(*s);
    if (c < 0)
        return 0xFFFD;
    *s = str_skip(*s, 4);
    if (c >= 0xDC00 && c <= 0xDFFF)
        return 0xFFFD;
    if (c < 0xD800 || c > 0xDBFF)
        return (uint32_t)c;
    int32_t low = s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(str_skip(*s, 2)) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *s = str_skip(*s, 6);
    return 0x10000 + ((uint32_t)c - 0xD800) * 0x400 + ((uint32_t)low - 0xDC00);
}

/* Takes one escape (behind its backslash) off *s. */
static uint32_t take_escape(struct str *s)
{
    static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = s->p[0];
    *s = str_skip(*s, 1);
    if (c == 'u')
        return take_unicode(s);
    for (size_t i = 0; i < sizeof names - 1; i += 2)
        if (names[i] == c)
            return (unsigned char)names[i + 1];
    return 0xFFFD;
}

/* Appends the text of raw to b. Bytes outside escapes stay as they are. */
static void put_unescaped(struct buf *b, struct str raw)
{
    while (raw.n) {
        size_t at = str_find_byte(raw, '\\', 0);
        if (at == SIZE_MAX) {
            buf_put(b, raw);
            return;
        }
        buf_put(b, str_n(raw.p, at));
        raw = str_skip(raw, at + 1);
        buf_put_utf8(b, raw.n ? take_escape(&raw) : 0xFFFD);
    }
}

struct str json_text(struct str raw, struct arena *a)
{
    if (str_find_byte(raw, '\\', 0) == SIZE_MAX)
        return raw;
    /* \x (2 bytes) may become U+FFFD (3 bytes), and so may a last backslash: twice and one more. */
    struct buf b;
    size_t max = raw.n < SIZE_MAX / 2 ? raw.n * 2 + 1 : 0;
    char *room = max ? arena_alloc(a, max) : NULL;
    if (!room)
        return STR_ABSENT;
    b = (struct buf){.p = room, .cap = max + 1, .max = max};
    put_unescaped(&b, raw);
    return b.failed ? STR_ABSENT : buf_str(&b);
}

static void put_compact_string(struct buf *b, struct str raw)
{
    static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    buf_putc(b, '"');
    while (raw.n) {
        size_t plain = 0;
        while (plain < raw.n && raw.p[plain] != '\\' && (unsigned char)raw.p[plain] >= 0x20)
            plain++;
        buf_put(b, str_n(raw.p, plain));
        raw = str_skip(raw, plain);
        if (raw.n == 0)
            break;
        uint32_t c = (unsigned char)raw.p[0];
        raw = str_skip(raw, 1);
        if (c == '\\')
            c = raw.n ? take_escape(&raw) : 0xFFFD;
        const char *s = c && c < 0x80 ? strchr(shorts, (int)c) : NULL;
        if (s && (s - shorts) % 2 == 0) {
            buf_putc(b, '\\');
            buf_putc(b, s[1]);
        } else if (c == '"' || c == '\\') {
            buf_putc(b, '\\');
            buf_putc(b, (char)c);
        } else if (c < 0x20) {
            buf_putf(b, "\\u%04x", (unsigned)c);
        } else {
            buf_put_utf8(b, c);
        }
    }
    buf_putc(b, '"');
}

void json_put_compact(struct buf *b, struct str value)
{
    const char *p = value.p, *end = value.p + value.n;
    while (p < end) {
        bool escaped;
        const char *from = p;
        if (*p == '"') {
            enum json_status st = json_skip_string(&p, end, &escaped);
            put_compact_string(b, str_n(from + 1, (size_t)(p - from) - 1 - (st == JSON_OK)));
            continue;
        }
        while (p < end && *p != '"' && *p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
            p++;
        buf_put(b, str_n(from, (size_t)(p - from)));
        p = json_blanks(p, end);
    }
}

bool json_each_string(struct str value, bool (*fn)(void *to, struct str raw, bool escaped),
                      void *to)
{
    const char *p = value.p, *end = value.p + value.n;
    while (p < end) {
        if (*p != '"') {
            p++;
            continue;
        }
        const char *from = p;
        bool escaped;
        if (json_skip_string(&p, end, &escaped) != JSON_OK)
            return false;
        struct str raw = str_n(from + 1, (size_t)(p - from) - 2);
        p = json_blanks(p, end);
        bool is_key = p < end && *p == ':';
        if (!is_key && fn(to, raw, escaped))
            return true;
    }
    return false;
}

/* Moves past the whole value at *p and returns it, blanks around it skipped; absent at its end. */
static struct str take_value(const char **p, const char *end)
{
    *p = json_blanks(*p, end);
    const char *from = *p;
    enum json_status st = json_skip(p, end);
    bool number_at_end =
        st == JSON_MORE && *p == end && from < end && json_type_of(*from) == JSON_NUMBER;
    if (st != JSON_OK && !number_at_end)
        return STR_ABSENT;
    struct str v = str_n(from, (size_t)(*p - from));
    *p = json_blanks(*p, end);
    return v;
}

static bool take_byte(const char **p, const char *end, char c)
{
    *p = json_blanks(*p, end);
    if (*p == end || **p != c)
        return false;
    (*p)++;
    return true;
}

/* Whether the key (without its quotes) reads `want` once its escapes are resolved. */
static bool key_is(struct str raw, struct str want)
{
    if (str_find_byte(raw, '\\', 0) == SIZE_MAX)
        return str_eq(raw, want);
    struct arena a;
    arena_init(&a, 2 * raw.n + 64);
    bool is = str_eq(json_text(raw, &a), want);
    arena_release(&a);
    return is;
}

struct str json_object_next(struct str object, size_t *at, struct str *key)
{
    if (!object.p)
        return STR_ABSENT;
    const char *end = object.p + object.n, *p = object.p + *at;
    if (!take_byte(&p, end, *at ? ',' : '{'))
        return STR_ABSENT;
    struct str k = take_value(&p, end);
    if (k.n < 2 || k.p[0] != '"' || !take_byte(&p, end, ':'))
        return STR_ABSENT;
    struct str value = take_value(&p, end);
    *key = str_n(k.p + 1, k.n - 2);
    *at = (size_t)(p - object.p);
    return value;
}

struct str json_member(struct str value, struct str key)
{
    struct str k, v;
    size_t at = 0;
    while (str_present(v = json_object_next(value, &at, &k)))
        if (key_is(k, key))
            return v;
    return STR_ABSENT;
}

struct str json_string_text(struct str value, struct arena *a)
{
    if (value.n < 2 || *value.p != '"')
        return STR_ABSENT;
    return json_text(str_n(value.p + 1, value.n - 2), a);
}

struct str json_member_text(struct str object, const char *key, struct arena *a)
{
    return json_string_text(json_member(object, str_of(key)), a);
}

struct str json_element(struct str value, size_t at)
{
    if (!value.p)
        return STR_ABSENT;
    const char *p = value.p, *end = value.p + value.n;
    if (!take_byte(&p, end, '['))
        return STR_ABSENT;
    for (;; at--) {
        struct str v = take_value(&p, end);
        if (!v.p || at == 0)
            return v;
        if (!take_byte(&p, end, ','))
            return STR_ABSENT;
    }
}

struct str json_array_next(struct str array, size_t *at)
{
    if (*at == 0 && !str_starts(array, S("[")))
        return STR_ABSENT;
    const char *end = array.p + array.n, *p = array.p + *at;
    p = json_blanks(p + (p < end), end); /* past the bracket or the comma */
    const char *from = p;
    if (p >= end || json_skip(&p, end) != JSON_OK)
        return STR_ABSENT;
    struct str member = str_n(from, (size_t)(p - from));
    p = json_blanks(p, end);
    *at = (size_t)(p - array.p);
    return member;
}
