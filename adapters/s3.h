/* Log objects in S3: port_objects over GetObject, and the listing that `scan s3://` needs. */
#ifndef TW_ADAPTERS_S3_H
#define TW_ADAPTERS_S3_H

#include <stdint.h>

#include "aws/client.h"
#include "handlers/ports.h"

#define S3_RESUMES_MAX 8 /* broken transfers of one object that are taken up again */

/* The port; client is borrowed and must outlive it.
 *   GET /<key>[?versionId=<v>]    the body in pieces, as stored (never decompressed)
 *   range: bytes=<taken>-         after a broken transfer, behind the last byte taken, and
 *   if-match: "<etag>"            only of the very object it began with; a changed one is ERR_RETRY
 * needs s3:GetObject (with a version s3:GetObjectVersion). S3 says 403 instead of 404 about a
 * missing object to who may not list the bucket. */
struct port_objects s3_objects(struct aws_client *client);

/* Reads objects as s3_objects does, and the one that was announced is begun with the one before it:
 * the beginning of the next (HTTP_HELD_MAX of aws/http.h) arrives while the present one is dealt
 * with. Costs a connection, and one request more only if the next is not read after all. What is
 * wrong with the next is told when it is read. No read from within a read. */
struct s3_ahead;
/* client is borrowed, for this alone to begin calls with, and must outlive it. NULL with e when
 * memory is out. */
struct s3_ahead *s3_ahead_new(struct aws_client *client, struct err *e);
/* Gives up what was begun; takes NULL. */
void s3_ahead_free(struct s3_ahead *a);
struct port_objects s3_objects_ahead(struct s3_ahead *a);

/* A bucket and what keys begin with: "reports-bucket", "reports-bucket/trailwarden/". */
struct s3_place {
    struct aws_client *client;
    struct str bucket, prefix; /* prefix: empty, or with a slash at its end */
};

/* Reads it from "bucket" or "bucket/prefix"; borrowed from text. ERR_USAGE for anything else. */
TW_MUST_USE bool s3_place_init(struct s3_place *place, struct aws_client *client, struct str text,
                               struct err *e);

/* The port; place is borrowed and must outlive it.
 *   PUT /<prefix><name>
 *   content-type: text/html; charset=utf-8
 *   content-disposition: attachment; filename="<name>"    so that no browser runs it under S3's
 * name cache-control: no-store needs s3:PutObject on the prefix. */
struct port_reports s3_reports(struct s3_place *place);

/* Stores one object under path, the key with a slash in front. Needs s3:PutObject. */
TW_MUST_USE bool s3_put(struct aws_client *client, struct str bucket, struct str path,
                        struct str body, struct err *e);

/* What a listing says of an object; borrowed for the call. */
struct s3_listed {
    struct str key;
    struct str etag; /* with its quotes; changes with the content */
    uint64_t bytes;
};

/* Told of each object; false (with e) ends the listing. */
typedef bool (*s3_object_fn)(void *to, const struct s3_listed *o, struct err *e);

/* Lists the objects whose keys begin with prefix (may be empty), in S3's order, page by page. Needs
 * s3:ListBucket.
 *   GET /?list-type=2&prefix=..&encoding-type=url&max-keys=1000[&continuation-token=..]
 *   <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>..</..>
 *     <Contents><Key>a%20b</Key><ETag>"..."</ETag><Size>1</Size>..</Contents>..</ListBucketResult>
 * Errors: as aws_call; ERR_RETRY when the answer is not that. */
TW_MUST_USE bool s3_list(struct aws_client *client, struct str bucket, struct str prefix,
                         s3_object_fn each, void *to, struct err *e);

/* The port: s3_list for keys alone; client is borrowed and must outlive it. */
struct port_listing s3_listing(struct aws_client *client);

/* One page of such a listing, at most 1,000 objects: those whose keys come behind `after` (empty:
 * from the beginning; it need not be the key of an object). *more: others come behind them. For who
 * leaves parts out, or goes on another day.
 *   GET /?list-type=2&prefix=..&encoding-type=url&max-keys=1000&start-after=.. */
TW_MUST_USE bool s3_list_page(struct aws_client *client, struct str bucket, struct str prefix,
                              struct str after, s3_object_fn each, void *to, bool *more,
                              struct err *e);

#endif
