/* One set of AWS credentials, and how secrets are kept: in buffers that are wiped. */
#ifndef TW_AWS_CREDENTIALS_H
#define TW_AWS_CREDENTIALS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define CREDENTIALS_KEY_MAX   256   /* access keys have 20 bytes, secrets 40 */
#define CREDENTIALS_TOKEN_MAX 12288 /* AWS names no limit; seen up to about 4 KiB */
#define CREDENTIALS_NEVER     INT64_MAX
#define CREDENTIALS_EARLY_MS  60000 /* so long before they end they are fetched anew */

struct credentials {
    struct buf key_id;
    struct buf secret;
    struct buf token; /* empty: none */
    int64_t
        expires_ms; /* wall clock; CREDENTIALS_NEVER for long-lived keys and the environment's */
    const char *origin; /* where they came from, for sentences: "the environment" */
};

void credentials_init(struct credentials *c);
/* Wipes and gives back. */
void credentials_release(struct credentials *c);

/* Replaces the contents. token may be absent or empty. ERR_USAGE when a part is missing, too long
 * or holds a byte that no header may. */
TW_MUST_USE bool credentials_set(struct credentials *c, struct str key_id, struct str secret,
                                 struct str token, int64_t expires_ms, const char *origin,
                                 struct err *e);

/* True from CREDENTIALS_EARLY_MS before they end. */
bool credentials_are_stale(const struct credentials *c, int64_t now_ms);

/* Reads the document that metadata services give:
 *   {"AccessKeyId":"..","SecretAccessKey":"..","Token":"..","Expiration":"2026-01-02T03:04:05Z"}
 * ERR_RETRY when it is not that (they answer with other documents while a role is being set up). */
TW_MUST_USE bool credentials_read_json(struct credentials *c, struct str document,
                                       const char *origin, struct err *e);

/* Reads the Credentials element of an STS answer:
 *   ..<Credentials><AccessKeyId>..<SecretAccessKey>..<SessionToken>..<Expiration>..</Credentials>
 */
TW_MUST_USE bool credentials_read_xml(struct credentials *c, struct str document,
                                      const char *origin, struct err *e);

/* Overwrites a buffer's memory, then gives it back. */
void buf_wipe(struct buf *b);

#endif
