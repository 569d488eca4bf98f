/* Finds secrets in text. Text and not a JSON tree is searched, because the same secret comes as a
 * value, in a container's compact JSON, in JSON kept in a string, and in a Falco output line. */
#include "respond/redact.h"

#include "base/buf.h"

/* Endings of key names, lower case, without - and _. An ending, so that "dbPassword" counts too. */
static const char *const secret_endings[] = {
    "sessiontoken",  "securitytoken",      "secretaccesskey",
    "secretkey",     "password",           "passwd",
    "passphrase",    "secretstring",       "secretbinary",
    "clientsecret",  "sharedsecret",       "authorization",
    "authtoken",     "accesstoken",        "refreshtoken",
    "idtoken",       "bearertoken",        "signintoken",
    "apikey",        "privatekey",         "keymaterial",
    "samlassertion", "webidentitytoken",   "plaintext",
    "presharedkey",  "authorizationtoken", "connectionstring",
    "setcookie",
};

#define KEY_MAX 64 /* longer keys name no secret of AWS */

bool redact_is_secret_key(struct str key)
{
    char folded[KEY_MAX];
    size_t n = 0;
    if (key.n > KEY_MAX)
        return false;
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] != '-' && key.p[i] != '_')
            folded[n++] = byte_lower(key.p[i]);
    for (size_t i = 0; i < sizeof secret_endings / sizeof *secret_endings; i++)
        if (str_ends(str_n(folded, n), str_of(secret_endings[i])))
            return true;
    return false;
}

bool redact_is_secret_path(struct str path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '.' && path.p[at - 1] != '/')
        at--;
    return redact_is_secret_key(str_skip(path, at));
}

static bool is_key_byte(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '_' || c == '-';
}

static bool is_base64(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '+' || c == '/' || c == '=';
}

/* Moves past the backslashes at at and returns how many. */
static size_t take_slashes(struct str s, size_t *at)
{
    size_t from = *at;
    while (*at < s.n && s.p[*at] == '\\')
        (*at)++;
    return *at - from;
}

static void skip_blanks(struct str s, size_t *at)
{
    while (*at < s.n && (s.p[*at] == ' ' || s.p[*at] == '\t' || s.p[*at] == '\n'))
        (*at)++;
}

/* Takes a quote that has exactly depth backslashes in front: the quote of JSON text that lies so
 * deep in strings of JSON text. */
static bool take_quote(struct str s, size_t depth, size_t *at)
{
    size_t p = *at;
    if (take_slashes(s, &p) != depth || p >= s.n || s.p[p] != '"')
        return false;
    *at = p + 1;
    return true;
}

/* Index of the delimiter's first byte that ends a string begun at this depth, or the end of s. In
 * JSON text that lies L deep in strings, a delimiter is 2^L - 1 backslashes and a quote, a
 * backslash of the content is 2^(L+1) backslashes, and a quote of the content 2^(L+1) - 1 and a
 * quote. With depth = 2^L - 1, as take_quote counts, the remainder tells. Fewer backslashes end a
 * string that lies further out. */
static size_t end_of_string(struct str s, size_t depth, size_t at)
{
    while (at < s.n) {
        size_t slashes = take_slashes(s, &at);
        bool ends = slashes < depth || slashes % (2 * (depth + 1)) == depth;
        if (at < s.n && s.p[at] == '"' && ends)
            return at - (slashes < depth ? slashes : depth);
        at++;
    }
    return s.n;
}

/* Index behind the bracket that closes the one at `at`; brackets in strings count as well, which at
 * worst takes more away. */
static size_t end_of_container(struct str s, size_t at)
{
    size_t open = 0;
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (c == '{' || c == '[')
            open++;
        else if ((c == '}' || c == ']') && --open == 0)
            return at + 1;
    }
    return s.n;
}

static size_t end_of_scalar(struct str s, size_t at)
{
    while (at < s.n && !memchr(",}] \t\n\\\"", s.p[at], 8))
        at++;
    return at;
}

/* A stretch of text to be replaced. */
struct span {
    size_t from, to;
};

/* When a secret key and its value start at `at` (a quote, or backslashes before one): where the
 * value lies, quotes not included. */
static bool secret_member(struct str s, size_t at, struct span *out)
{
    size_t p = at;
    size_t depth = take_slashes(s, &p);
    if (p >= s.n || s.p[p] != '"')
        return false;
    size_t key = ++p;
    while (p < s.n && is_key_byte(s.p[p]))
        p++;
    if (p == key || !redact_is_secret_key(str_slice(s, key, p)) || !take_quote(s, depth, &p))
        return false;
    skip_blanks(s, &p);
    if (p >= s.n || s.p[p] != ':')
        return false;
    p++;
    skip_blanks(s, &p);
    if (take_quote(s, depth, &p)) {
        *out = (struct span){p, end_of_string(s, depth, p)};
        return true;
    }
    bool container = p < s.n && (s.p[p] == '{' || s.p[p] == '[');
    *out = (struct span){p, container ? end_of_container(s, p) : end_of_scalar(s, p)};
    struct str value = str_slice(s, out->from, out->to);
    return !str_eq(value, S("true")) && !str_eq(value, S("false")) && !str_eq(value, S("null"));
}

/* The shortest session token that STS makes is several hundred bytes long. */
#define TOKEN_BYTES_MIN 100

/* Session tokens: base64 of a few varying bytes and then "origin_ec" (today's) or "er/aws" (older),
 * as seen in public CloudTrail records ("IQoJb3JpZ2luX2Vj...", "FwoGZXIvYXdz..."). */
static bool session_token(struct str s, size_t at, struct span *out)
{
    struct str rest = str_skip(s, at);
    struct str head = str_slice(rest, 4, 12);
    if (!str_eq(head, S("b3JpZ2lu")) && !str_eq(head, S("ZXIvYXdz")))
        return false;
    size_t n = 0;
    while (n < rest.n && is_base64(rest.p[n]))
        n++;
    *out = (struct span){at, at + n};
    return n >= TOKEN_BYTES_MIN;
}

static bool private_key(struct str s, size_t at, struct span *out)
{
    struct str rest = str_skip(s, at);
    if (!str_starts(rest, S("-----BEGIN ")))
        return false;
    size_t kind = str_find(rest, S("PRIVATE KEY-----"), 0);
    if (kind > sizeof "-----BEGIN ENCRYPTED ")
        return false;
    size_t end = str_find(rest, S("-----END "), kind);
    *out =
        (struct span){at + kind + sizeof "PRIVATE KEY-----" - 1, end == SIZE_MAX ? s.n : at + end};
    return true;
}

/* The next secret at or after at. */
static bool next_secret(struct str s, size_t at, struct span *out)
{
    for (; at < s.n; at++) {
        char c = s.p[at];
        char before = at ? s.p[at - 1] : ' ';
        if (c == '"' || c == '\\') {
            if (before != '\\' && secret_member(s, at, out))
                return true;
        } else if (c == '-') {
            if (private_key(s, at, out))
                return true;
        } else if (is_base64(c) && session_token(s, at, out)) {
            return true;
        }
    }
    return false;
}

/* Whether anything is there that each kind of secret begins with: most texts are short and without
 * quotes, and need not be looked at byte by byte. */
static bool may_be_secret(struct str s)
{
    if (s.n == 0)
        return false;
    return memchr(s.p, '"', s.n) || str_find(s, S("-----BEGIN "), 0) != SIZE_MAX ||
           (s.n >= TOKEN_BYTES_MIN && (str_find(s, S("b3JpZ2lu"), 0) != SIZE_MAX ||
                                       str_find(s, S("ZXIvYXdz"), 0) != SIZE_MAX));
}

struct str redact_text(struct str s, struct arena *a)
{
    struct span secret;
    if (!may_be_secret(s) || !next_secret(s, 0, &secret))
        return s;
    struct buf b;
    buf_init(&b,
             s.n * 2 + sizeof REDACTED); /* each replacement stands for at least a key's bytes */
    size_t at = 0;
    do {
        buf_put(&b, str_slice(s, at, secret.from));
        buf_putz(&b, REDACTED);
        at = secret.to;
    } while (next_secret(s, at, &secret));
    buf_put(&b, str_skip(s, at));
    struct str clean = b.failed ? STR_ABSENT : arena_str(a, buf_str(&b));
    buf_release(&b);
    return str_present(clean) ? clean : S(REDACTED);
}
