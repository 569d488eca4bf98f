/* Signs requests: canonical request, string to sign, authorization header. */
#include "aws/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "aws/openssl.h"
#include "base/escape.h"
#include "base/timefmt.h"

#define HASH_BYTES        32   /* SHA-256 */
#define PATH_SEGMENTS_MAX 1024 /* an S3 key has at most 1,024 bytes, no other path comes near */
#define SECRET_MAX        256  /* AWS secret keys have 40 bytes */
#define AUTHORIZATION_MAX 4096
#define NAMES_MAX         2048 /* names of signed headers, joined */

/* n decimal digits of v at out. */
static void put_digits(char *out, int n, int v)
{
    for (; n > 0; n--, v /= 10)
        out[n - 1] = (char)('0' + v % 10);
}

void sigv4_stamp(int64_t now_ms, char out[SIGV4_STAMP_SIZE])
{
    const struct time_parts t = time_split(now_ms);
    put_digits(out, 4, t.year);
    put_digits(out + 4, 2, t.month);
    put_digits(out + 6, 2, t.day);
    out[8] = 'T';
    put_digits(out + 9, 2, t.hour);
    put_digits(out + 11, 2, t.minute);
    put_digits(out + 13, 2, t.second);
    out[15] = 'Z';
    out[16] = '\0';
}

void sigv4_put_path(struct buf *out, struct str path)
{
    buf_put_percent(out, path, true);
}

static bool hash_bytes(struct str s, unsigned char out[HASH_BYTES], struct err *e)
{
    unsigned n = 0;
    openssl_settle();
    if (EVP_Digest(s.n ? s.p : "", s.n, out, &n, EVP_sha256(), NULL) != 1 || n != HASH_BYTES)
        return err_set(e, ERR_SYSTEM, "OpenSSL cannot compute a SHA-256");
    return true;
}

static void hex_z(const unsigned char hash[HASH_BYTES], char out[SIGV4_HASH_SIZE])
{
    bytes_hex(out, hash, HASH_BYTES);
    out[2 * HASH_BYTES] = '\0';
}

/* The last line of the canonical request; also the value of x-amz-content-sha256. */
static bool payload_hash(const struct sigv4_request *r, char out[SIGV4_HASH_SIZE], struct err *e)
{
    static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";
    unsigned char hash[HASH_BYTES];
    if (r->payload == SIGV4_PAYLOAD_UNSIGNED) {
        memcpy(out, unsigned_payload, sizeof unsigned_payload);
        return true;
    }
    if (!hash_bytes(r->body, hash, e))
        return false;
    hex_z(hash, out);
    return true;
}

/* The path without "", "." and ".." segments (RFC 3986, 5.2.4, and AWS's collapsing of slashes),
 * encoded; a trailing slash stays, also the one that a trailing "." or ".." implies. */
static bool put_normal_path(struct buf *out, struct str path, struct err *e)
{
    struct str kept[PATH_SEGMENTS_MAX];
    size_t n = 0;
    bool folder = false;
    for (struct str rest = path; str_present(rest);) {
        const struct str segment = str_cut(&rest, '/');
        const bool up = str_eq(segment, S(".."));
        folder = segment.n == 0 || up || str_eq(segment, S("."));
        if (up && n)
            n--;
        if (folder)
            continue;
        if (n == PATH_SEGMENTS_MAX)
            return err_set(e, ERR_LIMIT, "a path of more than %d segments", PATH_SEGMENTS_MAX);
        kept[n++] = segment;
    }
    for (size_t i = 0; i < n; i++) {
        buf_putc(out, '/');
        buf_put_percent(out, kept[i], false);
    }
    if (folder || n == 0)
        buf_putc(out, '/');
    return true;
}

/* Takes percent-escapes back; what is no escape stays as it is. */
static void put_decoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const bool escape =
            s.p[i] == '%' && s.n - i > 2 && byte_hex(s.p[i + 1]) >= 0 && byte_hex(s.p[i + 2]) >= 0;
        if (escape) {
            buf_putc(out, (char)(byte_hex(s.p[i + 1]) << 4 | byte_hex(s.p[i + 2])));
            i += 2;
        } else {
            buf_putc(out, s.p[i]);
        }
    }
}

/* A parameter's name and value as spans of the buffer that holds their encoded text. */
struct param {
    const char *base;
    size_t name, n_name, value, n_value;
};

static int param_order(const void *a, const void *b)
{
    const struct param *x = a, *y = b;
    const int by_name =
        str_cmp(str_n(x->base + x->name, x->n_name), str_n(y->base + y->name, y->n_name));
    if (by_name)
        return by_name;
    return str_cmp(str_n(x->base + x->value, x->n_value), str_n(y->base + y->value, y->n_value));
}

/* Appends the encoding of what s encodes: one spelling for every spelling of the same bytes. */
static size_t put_reencoded(struct buf *out, struct buf *scratch, struct str s)
{
    const size_t from = out->n;
    buf_reset(scratch);
    put_decoded(scratch, s);
    buf_put_percent(out, buf_str(scratch), false);
    return out->n - from;
}

/* Cuts the query into parameters whose encoded texts are appended to text. */
static bool read_params(struct str query, struct buf *text, struct param *params, size_t *n,
                        struct err *e)
{
    struct buf scratch;
    buf_init(&scratch, query.n);
    *n = 0;
    for (struct str rest = query; str_present(rest);) {
        struct str value = str_cut(&rest, '&');
        if (value.n == 0)
            continue;
        if (*n == SIGV4_PARAMS_MAX) {
            buf_release(&scratch);
            return err_set(e, ERR_LIMIT, "a query of more than %d parameters", SIGV4_PARAMS_MAX);
        }
        const struct str name = str_cut(&value, '=');
        struct param *p = &params[(*n)++];
        p->name = text->n;
        p->n_name = put_reencoded(text, &scratch, name);
        p->value = text->n;
        p->n_value = put_reencoded(text, &scratch, value);
    }
    const bool ok = buf_ok(&scratch, "a query parameter", e);
    buf_release(&scratch);
    return ok;
}

static bool put_query(struct buf *out, struct str query, struct err *e)
{
    struct param params[SIGV4_PARAMS_MAX];
    size_t n = 0;
    if (query.n == 0)
        return true;
    if (query.n > SIGV4_CANONICAL_MAX)
        return err_set(e, ERR_LIMIT, "a query of %zu bytes", query.n);
    struct buf text;
    buf_init(&text, SIGV4_CANONICAL_MAX);
    bool ok = read_params(query, &text, params, &n, e) && buf_ok(&text, "the query", e);
    if (ok) {
        const char *base = buf_str(&text).p;
        for (size_t i = 0; i < n; i++)
            params[i].base = base;
        qsort(params, n, sizeof *params, param_order);
        for (size_t i = 0; i < n; i++) {
            if (i)
                buf_putc(out, '&');
            buf_put(out, str_n(base + params[i].name, params[i].n_name));
            buf_putc(out, '=');
            buf_put(out, str_n(base + params[i].value, params[i].n_value));
        }
    }
    buf_release(&text);
    return ok;
}

static bool name_in(struct str name, const char *const *list)
{
    for (; *list; list++) {
        if (str_eq_fold(name, str_of(*list)))
            return true;
    }
    return false;
}

/* A header to be signed and its place in the request, which breaks ties. */
struct entry {
    struct header h;
    size_t at;
};

static int fold_cmp(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        const int d = (unsigned char)byte_lower(a.p[i]) - (unsigned char)byte_lower(b.p[i]);
        if (d)
            return d;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const int by_name = fold_cmp(x->h.name, y->h.name);
    return by_name ? by_name : x->at < y->at ? -1 : 1;
}

static void put_lower(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_putc(out, byte_lower(s.p[i]));
}

/* A header value with the blanks at its ends gone and every run of blanks inside made one space. */
static void put_header_value(struct buf *out, struct str value)
{
    bool blank = false, begun = false;
    for (size_t i = 0; i < value.n; i++) {
        const char c = value.p[i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            blank = true;
            continue;
        }
        if (blank && begun)
            buf_putc(out, ' ');
        buf_putc(out, c);
        begun = true;
        blank = false;
    }
}

/* Picks the headers to sign out of the request's, and refuses those that signing adds. */
static bool pick_headers(const struct sigv4_request *r, struct entry *entries, size_t *n,
                         struct err *e)
{
    static const char *const ours[] = {"x-amz-date", "x-amz-content-sha256", "x-amz-security-token",
                                       "authorization", NULL};
    static const char *const unsigned_names[] = {
        "user-agent", "x-amzn-trace-id", "connection", "transfer-encoding", "expect", NULL};
    bool host = false;
    *n = 0;
    for (size_t i = 0; i < r->n_headers; i++) {
        const struct header *h = &r->headers[i];
        if (name_in(h->name, ours))
            return err_set(e, ERR_USAGE, "the request to sign already carries the header %.*s",
                           (int)h->name.n, h->name.p);
        if (name_in(h->name, unsigned_names))
            continue;
        if (*n >= SIGV4_HEADERS_MAX - 3)
            return err_set(e, ERR_LIMIT, "more than %d headers to sign", SIGV4_HEADERS_MAX - 3);
        host = host || str_eq_fold(h->name, S("host"));
        entries[*n] = (struct entry){.h = *h, .at = *n};
        ++*n;
    }
    return host || err_set(e, ERR_USAGE, "the request to sign has no host header");
}

/* Writes "name:value\n" for each header, values of one name joined by commas, and their names. */
static void put_headers(struct entry *entries, size_t n, struct buf *canonical, struct buf *names)
{
    qsort(entries, n, sizeof *entries, entry_order);
    for (size_t i = 0; i < n; i++) {
        const bool again = i && str_eq_fold(entries[i].h.name, entries[i - 1].h.name);
        if (!again) {
            if (i) {
                buf_putc(canonical, '\n');
                buf_putc(names, ';');
            }
            put_lower(names, entries[i].h.name);
            put_lower(canonical, entries[i].h.name);
        }
        buf_putc(canonical, again ? ',' : ':');
        put_header_value(canonical, entries[i].h.value);
    }
    buf_putc(canonical, '\n');
}

/* Appends the headers that signing adds; stamp and hash are borrowed by them. */
static void add_own_headers(const struct sigv4_request *r, const struct sigv4_scope *scope,
                            const char *stamp, const char *hash, struct entry *entries, size_t *n)
{
    entries[*n] = (struct entry){.h = {S("x-amz-date"), str_of(stamp)}, .at = *n};
    ++*n;
    if (str_present(scope->token)) {
        entries[*n] = (struct entry){.h = {S("x-amz-security-token"), scope->token}, .at = *n};
        ++*n;
    }
    if (r->payload != SIGV4_PAYLOAD_HASHED) {
        entries[*n] = (struct entry){.h = {S("x-amz-content-sha256"), str_of(hash)}, .at = *n};
        ++*n;
    }
}

static bool put_path(struct buf *out, const struct sigv4_request *r, struct err *e)
{
    if (r->normalise)
        return put_normal_path(out, r->path, e);
    sigv4_put_path(out, r->path);
    return true;
}

bool sigv4_canonical_request(const struct sigv4_request *r, const struct sigv4_scope *scope,
                             struct buf *canonical, struct buf *signed_names, struct err *e)
{
    struct entry entries[SIGV4_HEADERS_MAX];
    size_t n = 0;
    char stamp[SIGV4_STAMP_SIZE];
    char hash[SIGV4_HASH_SIZE];
    if (!str_starts(r->path, S("/")))
        return err_set(e, ERR_USAGE, "the path to sign does not begin with a slash");
    if (!pick_headers(r, entries, &n, e) || !payload_hash(r, hash, e))
        return false;
    sigv4_stamp(scope->now_ms, stamp);
    add_own_headers(r, scope, stamp, hash, entries, &n);

    buf_put(canonical, r->method);
    buf_putc(canonical, '\n');
    if (!put_path(canonical, r, e))
        return false;
    buf_putc(canonical, '\n');
    if (!put_query(canonical, r->query, e))
        return false;
    buf_putc(canonical, '\n');
    put_headers(entries, n, canonical, signed_names);
    buf_putc(canonical, '\n');
    buf_put(canonical, buf_str(signed_names));
    buf_putc(canonical, '\n');
    buf_putz(canonical, hash);
    return buf_ok(canonical, "the canonical request", e) &&
           buf_ok(signed_names, "the list of signed headers", e);
}

/* "20150830/us-east-1/s3/aws4_request" */
static void put_scope(struct buf *out, const struct sigv4_scope *scope)
{
    char stamp[SIGV4_STAMP_SIZE];
    sigv4_stamp(scope->now_ms, stamp);
    buf_put(out, str_n(stamp, 8));
    buf_putc(out, '/');
    buf_put(out, scope->region);
    buf_putc(out, '/');
    buf_put(out, scope->service);
    buf_put(out, S("/aws4_request"));
}

bool sigv4_string_to_sign(struct str canonical, const struct sigv4_scope *scope,
                          struct buf *to_sign, struct err *e)
{
    char stamp[SIGV4_STAMP_SIZE];
    unsigned char hash[HASH_BYTES];
    sigv4_stamp(scope->now_ms, stamp);
    if (!hash_bytes(canonical, hash, e))
        return false;
    buf_put(to_sign, S("AWS4-HMAC-SHA256\n"));
    buf_putz(to_sign, stamp);
    buf_putc(to_sign, '\n');
    put_scope(to_sign, scope);
    buf_putc(to_sign, '\n');
    buf_put_hex(to_sign, hash, sizeof hash);
    return buf_ok(to_sign, "the string to sign", e);
}

static bool hmac(struct str key, struct str message, unsigned char out[HASH_BYTES], struct err *e)
{
    unsigned n = 0;
    openssl_settle();
    if (!HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)message.p, message.n, out,
              &n) ||
        n != HASH_BYTES)
        return err_set(e, ERR_SYSTEM, "OpenSSL cannot compute an HMAC-SHA-256");
    return true;
}

static struct str bytes_of(const unsigned char b[HASH_BYTES])
{
    return str_n((const char *)b, HASH_BYTES);
}

/* key = HMAC(HMAC(HMAC(HMAC("AWS4" secret, date), region), service), "aws4_request") */
static bool derive_key(const struct sigv4_scope *scope, unsigned char key[HASH_BYTES],
                       struct err *e)
{
    char stamp[SIGV4_STAMP_SIZE];
    unsigned char a[HASH_BYTES], b[HASH_BYTES];
    char first[4 + SECRET_MAX];
    if (scope->secret.n > SECRET_MAX)
        return err_set(e, ERR_USAGE, "a secret access key of %zu bytes", scope->secret.n);
    memcpy(first, "AWS4", 4);
    if (scope->secret.n)
        memcpy(first + 4, scope->secret.p, scope->secret.n);
    sigv4_stamp(scope->now_ms, stamp);
    const bool ok = hmac(str_n(first, 4 + scope->secret.n), str_n(stamp, 8), a, e) &&
                    hmac(bytes_of(a), scope->region, b, e) &&
                    hmac(bytes_of(b), scope->service, a, e) &&
                    hmac(bytes_of(a), S("aws4_request"), key, e);
    OPENSSL_cleanse(first, sizeof first);
    OPENSSL_cleanse(a, sizeof a);
    OPENSSL_cleanse(b, sizeof b);
    return ok;
}

/* Names what a signing key depends on, without keeping the secret itself. */
static bool key_source(const struct sigv4_scope *scope, unsigned char of[HASH_BYTES], struct err *e)
{
    struct buf b;
    buf_init(&b, AUTHORIZATION_MAX);
    put_scope(&b, scope);
    buf_putc(&b, '\n');
    buf_put(&b, scope->secret);
    const bool ok = buf_ok(&b, "the scope of a signature", e) && hash_bytes(buf_str(&b), of, e);
    if (b.p)
        OPENSSL_cleanse(b.p, b.cap);
    buf_release(&b);
    return ok;
}

/* The signing key, from the cache when it still fits. */
static bool signing_key(const struct sigv4_scope *scope, struct sigv4_cache *cache,
                        unsigned char key[HASH_BYTES], struct err *e)
{
    if (!cache)
        return derive_key(scope, key, e);
    unsigned char of[HASH_BYTES];
    if (!key_source(scope, of, e))
        return false;
    if (!cache->valid || CRYPTO_memcmp(of, cache->of, HASH_BYTES) != 0) {
        cache->valid = false;
        if (!derive_key(scope, cache->key, e))
            return false;
        memcpy(cache->of, of, HASH_BYTES);
        cache->valid = true;
    }
    memcpy(key, cache->key, HASH_BYTES);
    return true;
}

bool sigv4_authorization(const struct sigv4_scope *scope, struct str signed_names,
                         struct str to_sign, struct sigv4_cache *cache, struct buf *authorization,
                         struct err *e)
{
    unsigned char key[HASH_BYTES];
    unsigned char signature[HASH_BYTES];
    if (scope->key_id.n == 0 || scope->secret.n == 0)
        return err_set(e, ERR_USAGE, "no AWS credentials to sign with");
    const bool ok = signing_key(scope, cache, key, e) && hmac(bytes_of(key), to_sign, signature, e);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok)
        return false;
    buf_put(authorization, S("AWS4-HMAC-SHA256 Credential="));
    buf_put(authorization, scope->key_id);
    buf_putc(authorization, '/');
    put_scope(authorization, scope);
    buf_put(authorization, S(", SignedHeaders="));
    buf_put(authorization, signed_names);
    buf_put(authorization, S(", Signature="));
    buf_put_hex(authorization, signature, sizeof signature);
    return buf_ok(authorization, "the authorization header", e);
}

bool sigv4_sign(const struct sigv4_request *r, const struct sigv4_scope *scope,
                struct sigv4_cache *cache, struct sigv4_headers *out, struct err *e)
{
    struct buf canonical, names, to_sign;
    buf_init(&canonical, SIGV4_CANONICAL_MAX);
    buf_init(&names, NAMES_MAX);
    buf_init(&to_sign, AUTHORIZATION_MAX);
    buf_reset(&out->authorization);
    sigv4_stamp(scope->now_ms, out->stamp);
    const bool ok = payload_hash(r, out->payload_hash, e) &&
                    sigv4_canonical_request(r, scope, &canonical, &names, e) &&
                    sigv4_string_to_sign(buf_str(&canonical), scope, &to_sign, e) &&
                    sigv4_authorization(scope, buf_str(&names), buf_str(&to_sign), cache,
                                        &out->authorization, e);
    if (canonical.p)
        OPENSSL_cleanse(canonical.p, canonical.cap); /* it shows the session token */
    buf_release(&canonical);
    buf_release(&names);
    buf_release(&to_sign);
    return ok;
}

void sigv4_cache_wipe(struct sigv4_cache *cache)
{
    OPENSSL_cleanse(cache, sizeof *cache);
}
