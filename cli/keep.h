/* Where a person's command puts what must not be lost, or seen by others: the image of a user that
 * is deleted, the secret of a new key. */
#ifndef TW_CLI_KEEP_H
#define TW_CLI_KEEP_H

#include "cli/response.h"

/* Writes the JSON into a new file that only its owner may read, and sees it on the disk. ERR_USAGE
 * when path is NULL or something is there already. */
TW_MUST_USE bool keep_backup(const char *path, struct str json, struct err *e);

/* Hands the new key to the person: into the secret that he named, in the account and partition of
 * his own credentials, as {"AccessKeyId":"AKIA...","SecretAccessKey":"..."}; or onto the terminal
 * that standard output is. ERR_USAGE when it is none. */
TW_MUST_USE bool keep_secret(struct response *o, struct str key_id, struct str secret,
                             struct err *e);

#endif
