/* On what a call acted: the ARN that a policy would name, where the record and the action let it be
 * made. */
#ifndef TW_RESPOND_ACTION_RESOURCE_H
#define TW_RESPOND_ACTION_RESOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define RESOURCE_MAX 2048 /* bytes of an ARN; S3's keys have up to 1,024 */

/* A call, as its record tells it. */
struct acted {
    struct str request, resources;         /* raw values of the record's members; or absent */
    struct arena *memory;                  /* for texts that are escaped */
    struct str partition, region, account; /* aws, eu-west-1, 111122223333 */
};

/* Appends the ARN for the action ("s3:GetObject"); nothing when there is none to be named, which a
 * policy says as "*". */
void action_resource_put(struct buf *b, struct str action, const struct acted *at);

#endif
