/* Where a service of a region is reached, and for which region a call to it is signed. */
#ifndef TW_AWS_ENDPOINT_H
#define TW_AWS_ENDPOINT_H

#include "aws/world.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define ENDPOINT_URL_MAX 2048 /* an override from the environment */
#define REGION_MAX       32   /* the longest region name has 16 bytes */
#define S3_BUCKET_MAX    255  /* us-east-1 still has names that long; new ones have 3 to 63 */

enum aws_service {
    AWS_S3,
    AWS_SNS,
    AWS_DYNAMODB,
    AWS_SQS,
    AWS_IAM,
    AWS_STS,
    AWS_EC2,
    AWS_ROLESANYWHERE,
    AWS_SECRETSMANAGER,
    AWS_LAMBDA,
    AWS_CLOUDTRAIL,
    AWS_RDS,
    AWS_SES,
    AWS_SERVICEQUOTAS
};

/* The name that signatures use, and host names but for SES: "s3", "sns", ... */
const char *aws_service_name(enum aws_service service);

struct endpoint {
    struct buf text;   /* what the rest points into */
    struct str origin; /* "https://host:port" */
    struct str host;   /* value of the Host header: the port only when it is not the scheme's */
    struct str base;   /* path in front of every path, without a slash at its end; usually empty */
    struct str region; /* to sign for: the caller's bytes, but IAM has one region a partition */
    bool bucket_in_host;
};

/* True for the form of a region name: lower-case letters, digits, dashes. It goes into host names.
 */
bool region_is_well_formed(struct str region);

/* The partition that a region of that name is of: "aws", "aws-cn", "aws-us-gov", "aws-iso", ... */
const char *region_partition(struct str region);

/* Finds the endpoint. The environment's AWS_ENDPOINT_URL_<SERVICE> and then AWS_ENDPOINT_URL come
 * first, as in the SDKs (http or https, host, port, path; nothing else). Otherwise the partition of
 * the region decides the domain: aws, aws-cn, aws-us-gov, aws-iso, -iso-b, -iso-e, -iso-f,
 * aws-eusc.
 *
 * bucket (absent but for S3) is addressed in the host name ("virtual-hosted") on AWS's own
 * endpoints when it is a DNS label without dots (a dot would break the TLS wildcard); in the path
 * everywhere else, so also behind every override: emulators answer to one name.
 *
 * ERR_USAGE: a region or override that is not well formed. ERR_INPUT: a bucket name that is not.
 * out is initialised here; endpoint_release it in any case. */
TW_MUST_USE bool endpoint_find(const struct aws_world *world, enum aws_service service,
                               struct str region, struct str bucket, struct endpoint *out,
                               struct err *e);

void endpoint_release(struct endpoint *ep);

#endif
