/* A simulation's objects into a bucket. */
#ifndef TW_CLI_SIMULATE_UPLOAD_H
#define TW_CLI_SIMULATE_UPLOAD_H

#include "adapters/cloud.h"
#include "base/vec.h"

/* Appends the key that an object gets in the bucket: simulated/ in front, and .gz behind in the
 * place of .json.gz, the end that template.yaml's notifications wait for: a deployed function is to
 * hear of it from us alone. */
void simulate_put_key(struct buf *b, struct str key);

/* Puts each object (struct delivered) of the folder there. */
TW_MUST_USE bool simulate_upload(struct cloud *cloud, const char *bucket, const char *folder,
                                 const struct vec *objects, struct err *e);

#endif
