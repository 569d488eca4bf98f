/* Partitions and endpoints. */
#include "aws/endpoint.h"

#include "base/escape.h"

/* A partition: which regions it has, where they live, and where its one IAM lives. Source: the
 * endpoint rules that AWS publishes with botocore 1.43 (data/partitions.json, endpoints of iam). */
struct partition {
    const char *name;
    const char *prefix; /* of its region names */
    const char *domain;
    const char *iam_host;
    const char *iam_region;
};

static const struct partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov",
     "us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "iam.eu-isoe-west-1.cloud.adc-e.uk",
     "eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "iam.us-isof-south-1.csp.hci.ic.gov",
     "us-isof-south-1"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
    {"aws", "", "amazonaws.com", "iam.amazonaws.com", "us-east-1"},
};

static const struct {
    const char *name;
    const char *override; /* the environment variable of its own */
} services[] = {
    [AWS_S3] = {"s3", "AWS_ENDPOINT_URL_S3"},
    [AWS_SNS] = {"sns", "AWS_ENDPOINT_URL_SNS"},
    [AWS_DYNAMODB] = {"dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"},
    [AWS_SQS] = {"sqs", "AWS_ENDPOINT_URL_SQS"},
    [AWS_IAM] = {"iam", "AWS_ENDPOINT_URL_IAM"},
    [AWS_STS] = {"sts", "AWS_ENDPOINT_URL_STS"},
    [AWS_EC2] = {"ec2", "AWS_ENDPOINT_URL_EC2"},
    [AWS_ROLESANYWHERE] = {"rolesanywhere", "AWS_ENDPOINT_URL_ROLESANYWHERE"},
    [AWS_SECRETSMANAGER] = {"secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"},
    [AWS_LAMBDA] = {"lambda", "AWS_ENDPOINT_URL_LAMBDA"},
    [AWS_CLOUDTRAIL] = {"cloudtrail", "AWS_ENDPOINT_URL_CLOUDTRAIL"},
    [AWS_RDS] = {"rds", "AWS_ENDPOINT_URL_RDS"},
    [AWS_SES] = {"ses", "AWS_ENDPOINT_URL_SES"},
    [AWS_SERVICEQUOTAS] = {"servicequotas", "AWS_ENDPOINT_URL_SERVICE_QUOTAS"},
};

const char *aws_service_name(enum aws_service service)
{
    return services[service].name;
}

static bool made_of(struct str s, const char *others)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) &&
            (s.p[i] == '\0' || !strchr(others, s.p[i])))
            return false;
    }
    return true;
}

static bool has_upper(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != byte_lower(s.p[i]))
            return true;
    }
    return false;
}

bool region_is_well_formed(struct str region)
{
    return region.n > 2 && region.n <= REGION_MAX && made_of(region, "-") && !has_upper(region) &&
           region.p[0] != '-' && region.p[region.n - 1] != '-';
}

static const struct partition *partition_of(struct str region)
{
    const struct partition *p = partitions;
    while (!str_starts(region, str_of(p->prefix)))
        p++;
    return p;
}

const char *region_partition(struct str region)
{
    return partition_of(region)->name;
}

/* A bucket name that may stand in a URL: those of today and the older ones of us-east-1. */
static bool bucket_is_well_formed(struct str bucket)
{
    return bucket.n >= 3 && bucket.n <= S3_BUCKET_MAX && made_of(bucket, "-._");
}

static bool bucket_is_label(struct str bucket)
{
    return bucket.n <= 63 && made_of(bucket, "-") && !has_upper(bucket) && bucket.p[0] != '-' &&
           bucket.p[bucket.n - 1] != '-';
}

/* Spans of "https://host:port/base" in ep->text. */
static bool read_override(struct endpoint *ep, const char *variable, struct err *e)
{
    struct str url = buf_str(&ep->text);
    const bool tls = str_starts(url, S("https://"));
    const size_t scheme = tls ? 8 : 7;
    if (!tls && !str_starts(url, S("http://")))
        return err_set(e, ERR_USAGE, "%s does not begin with http:// or https://", variable);
    while (url.n > scheme && url.p[url.n - 1] == '/')
        url.n--;
    size_t slash = str_find_byte(url, '/', scheme);
    slash = slash < url.n ? slash : url.n;
    ep->origin = str_slice(url, 0, slash);
    ep->host = str_slice(url, scheme, slash);
    ep->base = str_slice(url, slash, url.n);
    if (ep->host.n == 0 || !made_of(ep->host, "-._:[]") || !made_of(ep->base, "-._~/"))
        return err_set(e, ERR_USAGE, "%s is no address of the form http://host:port/path",
                       variable);
    if (str_ends(ep->host, tls ? S(":443") : S(":80")))
        ep->host.n -= tls ? 4 : 3;
    return true;
}

/* "https://sns.eu-west-1.amazonaws.com", "https://bucket.s3.eu-west-1.amazonaws.com" */
static void put_own_origin(struct endpoint *ep, enum aws_service service, struct str region,
                           struct str bucket, const struct partition *p)
{
    struct buf *b = &ep->text;
    buf_put(b, S("https://"));
    if (ep->bucket_in_host) {
        buf_put(b, bucket);
        buf_putc(b, '.');
    }
    if (service == AWS_IAM) {
        buf_putz(b, p->iam_host);
        return;
    }
    buf_putz(b, service == AWS_SES ? "email" : services[service].name);
    buf_putc(b, '.');
    buf_put(b, region);
    buf_putc(b, '.');
    buf_putz(b, p->domain);
}

static bool bad_region(struct str region, struct err *e)
{
    struct buf shown;
    buf_init(&shown, 8 * REGION_MAX); /* a byte is shown as at most 8 */
    buf_put_terminal(&shown, str_slice(region, 0, REGION_MAX));
    const char *z = buf_z(&shown);
    err_set(e, ERR_USAGE, "\"%s\" is no name of an AWS region", z ? z : "?");
    buf_release(&shown);
    return false;
}

bool endpoint_find(const struct aws_world *world, enum aws_service service, struct str region,
                   struct str bucket, struct endpoint *out, struct err *e)
{
    *out = (struct endpoint){.region = STR_ABSENT};
    buf_init(&out->text, ENDPOINT_URL_MAX);
    if (!region_is_well_formed(region))
        return bad_region(region, e);
    if (str_present(bucket) && !bucket_is_well_formed(bucket))
        return err_set(e, ERR_INPUT, "the bucket's name is none that S3 allows");

    const struct partition *p = partition_of(region);
    out->region = service == AWS_IAM ? str_of(p->iam_region) : region;
    const char *variable = services[service].override;
    const char *url = aws_world_env(world, variable);
    if (!url) {
        variable = "AWS_ENDPOINT_URL";
        url = aws_world_env(world, variable);
    }
    if (url) {
        buf_putz(&out->text, url);
        return buf_ok(&out->text, variable, e) && read_override(out, variable, e);
    }
    out->bucket_in_host = str_present(bucket) && bucket_is_label(bucket);
    put_own_origin(out, service, region, bucket, p);
    out->origin = buf_str(&out->text);
    out->host = str_skip(out->origin, 8);
    out->base = S("");
    return buf_ok(&out->text, "the endpoint's address", e);
}

void endpoint_release(struct endpoint *ep)
{
    buf_release(&ep->text);
}
