/* OpenSSL, set up when it is first needed: a function that waits for its first event has no use for
 * it yet (docs/bench.md, cold start). */
#ifndef TW_AWS_OPENSSL_H
#define TW_AWS_OPENSSL_H

#include <openssl/crypto.h>

/* To be called in front of whatever may be the first to use OpenSSL; again, it does nothing. No
 * configuration file of the machine is read: a static program's OpenSSL is not the one that the
 * file was written for. A shared libcurl has set it up before, by that file. */
static inline void openssl_settle(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* failing, its calls will fail */
}

#endif
