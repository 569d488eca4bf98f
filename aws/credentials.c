/* Credentials and their wiping. */
#include "aws/credentials.h"

#include <jansson.h>
#include <openssl/crypto.h>

#include "aws/xml.h"
#include "base/timefmt.h"

void buf_wipe(struct buf *b)
{
    if (b->p)
        OPENSSL_cleanse(b->p, b->cap);
    buf_release(b);
}

void credentials_init(struct credentials *c)
{
    *c = (struct credentials){.expires_ms = CREDENTIALS_NEVER, .origin = "nowhere"};
    buf_init(&c->key_id, CREDENTIALS_KEY_MAX);
    buf_init(&c->secret, CREDENTIALS_KEY_MAX);
    buf_init(&c->token, CREDENTIALS_TOKEN_MAX);
}

void credentials_release(struct credentials *c)
{
    buf_wipe(&c->key_id);
    buf_wipe(&c->secret);
    buf_wipe(&c->token);
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    }
    return true;
}

bool credentials_set(struct credentials *c, struct str key_id, struct str secret, struct str token,
                     int64_t expires_ms, const char *origin, struct err *e)
{
    if (key_id.n == 0 || secret.n == 0)
        return err_set(e, ERR_USAGE, "the AWS credentials of %s lack %s", origin,
                       key_id.n ? "the secret access key" : "the access key id");
    if (!is_visible(key_id) || !is_visible(secret) || !is_visible(token))
        return err_set(e, ERR_USAGE, "the AWS credentials of %s hold a blank or control character",
                       origin);
    credentials_release(c);
    credentials_init(c);
    buf_put(&c->key_id, key_id);
    buf_put(&c->secret, secret);
    buf_put(&c->token, token);
    c->expires_ms = expires_ms;
    c->origin = origin;
    return buf_ok(&c->key_id, "the access key id", e) &&
           buf_ok(&c->secret, "the secret access key", e) &&
           buf_ok(&c->token, "the session token", e);
}

bool credentials_are_stale(const struct credentials *c, int64_t now_ms)
{
    return c->expires_ms != CREDENTIALS_NEVER && now_ms >= c->expires_ms - CREDENTIALS_EARLY_MS;
}

static struct str json_text(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

/* jansson's copy of a secret would stay in freed memory. */
static void wipe_text(json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (json_is_string(v))
        OPENSSL_cleanse((char *)(uintptr_t)json_string_value(v), json_string_length(v));
}

bool credentials_read_json(struct credentials *c, struct str document, const char *origin,
                           struct err *e)
{
    json_t *o = json_loadb(document.p, document.n, 0, NULL);
    int64_t expires_ms = CREDENTIALS_NEVER;
    const struct str expiration = json_text(o, "Expiration");
    const bool readable = o && str_present(json_text(o, "AccessKeyId")) &&
                          str_present(json_text(o, "SecretAccessKey")) &&
                          (!str_present(expiration) || time_parse(expiration, &expires_ms));
    const bool ok =
        readable
            ? credentials_set(c, json_text(o, "AccessKeyId"), json_text(o, "SecretAccessKey"),
                              json_text(o, "Token"), expires_ms, origin, e)
            : err_set(e, ERR_RETRY, "%s answered with something other than credentials", origin);
    wipe_text(o, "SecretAccessKey");
    wipe_text(o, "Token");
    json_decref(o);
    return ok;
}

bool credentials_read_xml(struct credentials *c, struct str document, const char *origin,
                          struct err *e)
{
    struct buf key_id, secret, token, expiration;
    int64_t expires_ms = 0;
    buf_init(&key_id, CREDENTIALS_KEY_MAX);
    buf_init(&secret, CREDENTIALS_KEY_MAX);
    buf_init(&token, CREDENTIALS_TOKEN_MAX);
    buf_init(&expiration, CREDENTIALS_KEY_MAX);
    bool ok = xml_find(document, "AccessKeyId", &key_id) &&
              xml_find(document, "SecretAccessKey", &secret) &&
              xml_find(document, "SessionToken", &token) &&
              xml_find(document, "Expiration", &expiration) &&
              time_parse(buf_str(&expiration), &expires_ms);
    ok = ok ? credentials_set(c, buf_str(&key_id), buf_str(&secret), buf_str(&token), expires_ms,
                              origin, e)
            : err_set(e, ERR_RETRY, "%s answered with something other than credentials", origin);
    buf_wipe(&key_id);
    buf_wipe(&secret);
    buf_wipe(&token);
    buf_release(&expiration);
    return ok;
}
