/* How each call of handlers/iam.h looks on the wire: makes requests, reads answers. Pure. */
#ifndef TW_ADAPTERS_IAM_WIRE_H
#define TW_ADAPTERS_IAM_WIRE_H

#include "aws/endpoint.h"
#include "base/vec.h"
#include "handlers/iam.h"

#define IAM_BODY_MAX 524288 /* a document percent-encoded, three bytes for one */
#define IAM_PATH_MAX 256
#define IAM_MARKER_MAX                                                                             \
    4096 /* a page's marker; IAM's are of at most 320 characters, EC2's longer                     \
          */

/* A call before it is signed. */
struct iam_request {
    enum aws_service service;
    const char *method;
    const char *content_type; /* NULL: none, and no body */
    const char *target;       /* x-amz-target; NULL: none */
    struct buf path;
    struct buf body; /* may hold a password: wiped by release */
};

void iam_request_init(struct iam_request *r);
void iam_request_release(struct iam_request *r);

/* Writes the request of one page; marker is absent for the first.
 *   iam            POST /  Action=AttachUserPolicy&Version=2010-05-08&UserName=..&PolicyArn=..
 *   sts, ec2       the same with their versions
 *   rolesanywhere  POST /trustanchor/<id>/disable, GET /profile/<id>
 *   secretsmanager POST /  {"Name":"..","ClientRequestToken":"..","SecretString":".."}
 * ERR_INPUT, naming it: an argument that is missing, or none that the service would take; it is not
 * asked then. */
TW_MUST_USE bool iam_put_request(const struct iam_call *call, struct str marker,
                                 struct iam_request *out, struct err *e);

/* Reads the pages of one answer. */
struct iam_reading {
    enum iam_action action;
    struct iam_answer *out;
    struct vec items;  /* struct iam_item, of all pages so far */
    struct buf marker; /* behind iam_read_page: of the next page; empty: it was the last */
};

void iam_reading_init(struct iam_reading *r, enum iam_action action, struct iam_answer *out);
void iam_reading_release(struct iam_reading *r);

/* Reads the body of a 2xx answer into r->out. ERR_RETRY when it is not what that call answers, or
 * lacks what it must tell: it then proves nothing. ERR_LIMIT: over IAM_ITEMS_MAX or
 * IAM_ANSWER_MAX. */
TW_MUST_USE bool iam_read_page(struct iam_reading *r, struct str body, struct err *e);

/* Behind the last page: hands the items to r->out. */
TW_MUST_USE bool iam_read_end(struct iam_reading *r, struct err *e);

#endif
