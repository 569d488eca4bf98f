/* The fields of Falco's cloudtrail plugin (0.17.1). Where it has a bug, docs/falco.md says which
 * side is taken here. */
#include "engine/falco_field.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/falco_slots.h"
#include "engine/source.h"

#define ITEMS_MAX 65536 /* of a list; RunInstances starts at most thousands */

/* ---- ct.*: who ---- */

enum { USER_TYPE, USER_NAME, USER_INVOKED_BY, USER_ISSUER, USER_PATHS };
#define USER_PATH_LIST                                                                             \
    "userIdentity/type", "userIdentity/userName", "userIdentity/invokedBy",                        \
        "userIdentity/sessionContext/sessionIssuer/userName"
static const char *const user_paths[] = {USER_PATH_LIST, NULL};

/* ct.user. When false, *out is what the plugin's summaries show in its place. */
static bool user_of(struct event *ev, const uint32_t *slots, struct str *out)
{
    struct str type;
    *out = S("");
    if (!falco_only_string(ev, slots[USER_TYPE], &type))
        return false;
    if (str_eq(type, S("AWSAccount")) || str_eq(type, S("FederatedUser"))) {
        *out = type;
        return true;
    }
    if (str_eq(type, S("AssumedRole"))) {
        if (!falco_plain(ev, slots[USER_ISSUER], out))
            *out = type;
        return true;
    }
    bool service = str_eq(type, S("AWSService"));
    if (!service && !str_eq(type, S("Root")) && !str_eq(type, S("IAMUser"))) {
        *out = S("<unknown user type>");
        return false;
    }
    if (falco_plain(ev, slots[service ? USER_INVOKED_BY : USER_NAME], out))
        return true;
    *out = S("<NA>");
    return false;
}

static bool ct_user(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct str user;
    (void)index;
    return user_of(ev, slots, &user) && falco_give(user, out);
}

static const char *const originaluser_paths[] = {"userIdentity/type", "userIdentity/userName",
                                                 "userIdentity/arn", "userIdentity/principalId",
                                                 NULL};

/* The last piece of text when sep cuts it into exactly n. */
static bool last_of(struct str text, char sep, size_t n, struct str *out)
{
    size_t pieces = 0;
    for (struct str rest = text; str_present(rest); pieces++)
        *out = str_cut(&rest, sep);
    return pieces == n;
}

static bool ct_originaluser(struct event *ev, const uint32_t *slots, uint32_t index,
                            struct falco_value *out)
{
    struct str text, piece;
    (void)index;
    if (!falco_only_string(ev, slots[0], &text) || !str_eq(text, S("AssumedRole")))
        return falco_plain(ev, slots[1], &out->text);
    if (falco_plain(ev, slots[2], &text) && last_of(text, '/', 3, &piece))
        return falco_give(piece, out);
    return falco_plain(ev, slots[3], &text) && last_of(text, ':', 2, &piece) &&
           falco_give(piece, out);
}

static const char *const accountid_paths[] = {"userIdentity/accountId", "recipientAccountId", NULL};

/* The first that is present. */
static bool first_plain(struct event *ev, const uint32_t *slots, size_t n, struct falco_value *out)
{
    for (size_t i = 0; i < n; i++)
        if (event_first(ev, slots[i]))
            return falco_plain(ev, slots[i], &out->text);
    return false;
}

static bool ct_user_accountid(struct event *ev, const uint32_t *slots, uint32_t index,
                              struct falco_value *out)
{
    (void)index;
    return first_plain(ev, slots, 2, out);
}

/* ---- ct.*: what ---- */

static const char *const src_paths[] = {"eventSource", NULL};

static struct str short_source(struct str src)
{
    struct str tail = S(".amazonaws.com");
    return src.n > tail.n && str_ends(src, tail) ? str_slice(src, 0, src.n - tail.n) : src;
}

static bool ct_shortsrc(struct event *ev, const uint32_t *slots, uint32_t index,
                        struct falco_value *out)
{
    struct str src;
    (void)index;
    return falco_plain(ev, slots[0], &src) && falco_give(short_source(src), out);
}

/* The JSON text of a value, strings with their quotes. */
static bool json_of(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    if (!v)
        return false;
    if (v->type != JSON_STRING)
        return falco_give(event_text(ev, v), out);
    struct buf b;
    buf_init(&b, FALCO_TEXT_MAX);
    buf_putc(&b, '"');
    buf_put(&b, v->raw);
    buf_putc(&b, '"');
    return falco_give_built(ev, &b, out);
}

static const char *const request_paths[] = {"requestParameters", NULL};
static const char *const response_paths[] = {"responseElements", NULL};
static const char *const additional_paths[] = {"additionalEventData", NULL};
static const char *const resources_paths[] = {"resources", NULL};

/* The members' JSON texts, comma-joined: the compact array without its brackets. */
static bool ct_resources(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    if (!v || v->type != JSON_ARRAY)
        return false;
    struct str text = event_text(ev, v);
    return text.n > 2 && falco_give(str_slice(text, 1, text.n - 1), out);
}

/* "true" for JSON's true, "false" for anything else that is present. */
static bool ct_flag(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    return v && falco_give(v->type == JSON_TRUE ? S("true") : S("false"), out);
}

static const char *const readonly_paths[] = {"readOnly", NULL};
static const char *const management_paths[] = {"managementEvent", NULL};
static const char *const fromconsole_paths[] = {"sessionCredentialFromConsole", NULL};

/* ---- s3.* ---- */

static const char *const bytes_paths[] = {"additionalEventData/bytesTransferredIn",
                                          "additionalEventData/bytesTransferredOut", NULL};
static const char *const bytes_in_paths[] = {"additionalEventData/bytesTransferredIn", NULL};
static const char *const bytes_out_paths[] = {"additionalEventData/bytesTransferredOut", NULL};
static const char *const name_paths[] = {"eventName", NULL};
static const char *const uri_paths[] = {"requestParameters/bucketName", "requestParameters/key",
                                        NULL};

/* A count as CloudTrail writes it, "33.0" too; anything but a number is 0. */
static uint64_t count_of(const struct value *v)
{
    unsigned long long whole;
    char z[64];
    if (v->type != JSON_NUMBER)
        return 0;
    if (str_u64(v->raw, &whole))
        return whole;
    if (v->raw.n >= sizeof z)
        return 0;
    memcpy(z, v->raw.p, v->raw.n);
    z[v->raw.n] = '\0';
    double d = strtod(z, NULL);
    return d >= 0 && d < 18446744073709551616.0 ? (uint64_t)d : 0;
}

static bool sum_of(struct event *ev, const uint32_t *slots, size_t n, uint64_t *sum)
{
    bool any = false;
    *sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct value *v = event_first(ev, slots[i]);
        any = any || v;
        *sum += v ? count_of(v) : 0;
    }
    return any;
}

static bool s3_bytes(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    (void)index;
    return sum_of(ev, slots, 2, &out->number);
}

static bool s3_bytes_one(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    (void)index;
    return sum_of(ev, slots, 1, &out->number);
}

static bool name_is(struct event *ev, const uint32_t *slots, struct str name)
{
    struct str text;
    return falco_only_string(ev, slots[0], &text) && str_eq(text, name);
}

static bool s3_cnt_get(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    (void)index;
    return name_is(ev, slots, S("GetObject")) && falco_give_number(1, out);
}

static bool s3_cnt_put(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    (void)index;
    return name_is(ev, slots, S("PutObject")) && falco_give_number(1, out);
}

static bool s3_cnt_other(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    (void)index;
    return !name_is(ev, slots, S("GetObject")) && !name_is(ev, slots, S("PutObject")) &&
           falco_give_number(1, out);
}

static bool put_uri(struct event *ev, const uint32_t *slots, struct buf *b)
{
    struct str bucket, key;
    if (!falco_only_string(ev, slots[0], &bucket) || !falco_only_string(ev, slots[1], &key))
        return false;
    buf_putz(b, "s3://");
    buf_put(b, bucket);
    buf_putc(b, '/');
    buf_put(b, key);
    return true;
}

static bool s3_uri(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    struct buf b;
    (void)index;
    buf_init(&b, FALCO_TEXT_MAX);
    if (put_uri(ev, slots, &b))
        return falco_give_built(ev, &b, out);
    buf_release(&b);
    return false;
}

/* ---- ec2.* ---- */

/* The text of a raw JSON string, "" for anything else. */
static struct str raw_text(struct event *ev, struct str raw)
{
    if (raw.n < 2 || raw.p[0] != '"')
        return S("");
    struct str text = json_text(str_slice(raw, 1, raw.n - 1), &ev->scratch);
    return str_present(text) ? text : S("");
}

static const char *const ec2_name_paths[] = {"requestParameters/tagSpecificationSet/items", NULL};

/* The tag Name of one item, "" when it has none; false when the item is for no instance. */
static bool instance_name(struct event *ev, struct str item, struct str *out)
{
    if (!str_eq(raw_text(ev, json_member(item, S("resourceType"))), S("instance")))
        return false;
    struct str tags = json_member(item, S("tags")), tag;
    size_t at = 0;
    if (!str_present(tags))
        return false;
    while (str_present(tag = json_array_next(tags, &at))) {
        if (str_eq(raw_text(ev, json_member(tag, S("key"))), S("Name"))) {
            *out = raw_text(ev, json_member(tag, S("value")));
            return true;
        }
    }
    return false;
}

static bool ec2_name(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    const struct value *items = event_first(ev, slots[0]);
    struct str item, name = S("");
    size_t at = 0;
    (void)index;
    if (!items || items->type != JSON_ARRAY)
        return false;
    while (str_present(item = json_array_next(items->raw, &at)))
        instance_name(ev, item, &name);
    return name.n > 0 && falco_give(name, out);
}

static const char *const image_paths[] = {
    "responseElements/instancesSet/items", "requestParameters/imageId",
    "requestParameters/DescribeFastLaunchImagesRequest/ImageId/content",
    "requestParameters/launchSpecification/imageId", NULL};

static bool image_at(struct event *ev, struct str items, uint32_t index, struct str *out)
{
    struct str item = STR_ABSENT;
    size_t at = 0;
    for (uint32_t i = 0; i <= index; i++) {
        item = json_array_next(items, &at);
        if (!str_present(item))
            return false;
    }
    struct str image = json_member(item, S("imageId"));
    *out = raw_text(ev, image);
    return str_present(image);
}

/* All members' image ids that are not empty. */
static bool all_images(struct event *ev, struct str items, struct falco_value *out)
{
    struct vec found;
    struct str item;
    size_t at = 0;
    vec_init(&found, sizeof(struct str), ITEMS_MAX);
    while (str_present(item = json_array_next(items, &at))) {
        struct str image = raw_text(ev, json_member(item, S("imageId")));
        struct str *to = image.n ? vec_push(&found, 1) : NULL;
        if (to)
            *to = image;
    }
    struct str *copy = arena_array(&ev->scratch, found.n, sizeof *copy);
    if (copy && found.n)
        memcpy(copy, found.p, found.n * sizeof *copy);
    out->items = copy;
    out->n = copy ? found.n : 0;
    vec_release(&found);
    return out->n > 0;
}

static bool one_item(struct event *ev, struct str text, struct falco_value *out)
{
    struct str *copy = arena_alloc(&ev->scratch, sizeof *copy);
    if (!copy)
        return false;
    *copy = text;
    out->items = copy;
    out->n = 1;
    return true;
}

static bool ec2_imageids(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    const struct value *items = event_first(ev, slots[0]);
    struct str image;
    if (items && index == RS_NONE)
        return items->type == JSON_ARRAY && all_images(ev, items->raw, out);
    if (items)
        return items->type == JSON_ARRAY && image_at(ev, items->raw, index, &image) &&
               one_item(ev, image, out);
    return (index == RS_NONE || index == 0) && first_plain(ev, slots + 1, 3, out) &&
           one_item(ev, out->text, out);
}

static bool ec2_imageid(struct event *ev, const uint32_t *slots, uint32_t index,
                        struct falco_value *out)
{
    (void)index;
    return ec2_imageids(ev, slots, 0, out) && falco_give(out->items[0], out);
}

/* ---- summaries ---- */

enum {
    INFO_IP = USER_PATHS,
    INFO_ERROR,
    INFO_READONLY,
    INFO_NAME,
    INFO_BLOCK,
    INFO_IN,
    INFO_OUT,
    INFO_BUCKET,
    INFO_KEY,
    INFO_HOST,
    INFO_SOURCE,
    INFO_REGION
};
const char *const falco_ct_info_paths[] = {USER_PATH_LIST,
                                           "sourceIPAddress",
                                           "errorCode",
                                           "readOnly",
                                           "eventName",
                                           "requestParameters/PublicAccessBlockConfiguration",
                                           "additionalEventData/bytesTransferredIn",
                                           "additionalEventData/bytesTransferredOut",
                                           "requestParameters/bucketName",
                                           "requestParameters/key",
                                           "requestParameters/Host",
                                           "eventSource",
                                           "awsRegion",
                                           NULL};

/* The end of ct.info: a size, then the first of URI, bucket, key, host that is there. */
static void put_object(struct event *ev, const uint32_t *slots, struct buf *b)
{
    static const struct {
        const char *label;
        size_t slot;
    } rows[] = {{" Bucket=", INFO_BUCKET}, {" Key=", INFO_KEY}, {" Host=", INFO_HOST}};
    uint64_t size;
    struct str text;
    if (sum_of(ev, slots + INFO_IN, 2, &size)) {
        buf_putz(b, " Size=");
        buf_put_u64(b, size);
    }
    if (falco_only_string(ev, slots[INFO_BUCKET], &text) &&
        falco_only_string(ev, slots[INFO_KEY], &text)) {
        buf_putz(b, " URI=");
        put_uri(ev, slots + INFO_BUCKET, b);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (falco_plain(ev, slots[rows[i].slot], &text)) {
            buf_putz(b, rows[i].label);
            buf_put(b, text);
            return;
        }
    }
}

static void put_info(struct event *ev, const uint32_t *slots, struct buf *b)
{
    struct str user, ip, name;
    if (!user_of(ev, slots, &user)) {
        buf_putz(b, "<invalid cloudtrail event: userIdentity field missing>");
        return;
    }
    if (!falco_plain(ev, slots[INFO_IP], &ip)) {
        buf_putz(b, "<invalid cloudtrail event: eventSource field missing>");
        return;
    }
    if (!falco_plain(ev, slots[INFO_NAME], &name)) {
        buf_putz(b, "<invalid cloudtrail event: eventName field missing>");
        return;
    }
    const struct value *readonly = event_first(ev, slots[INFO_READONLY]);
    buf_put(b, user);
    if (!str_eq(user, ip)) {
        buf_putz(b, " via ");
        buf_put(b, ip);
    }
    buf_putz(b, event_first(ev, slots[INFO_ERROR]) ? " !" : " ");
    buf_putz(b, readonly && readonly->type != JSON_TRUE ? "\xe2\x86\x92 " : "\xe2\x86\x90 ");
    buf_put(b, name);
    const struct value *block = event_first(ev, slots[INFO_BLOCK]);
    if (!str_eq(name, S("PutBucketPublicAccessBlock")))
        put_object(ev, slots, b);
    else if (block && block->type == JSON_OBJECT)
        buf_putz(b, " BlockPublicAcls=false BlockPublicPolicy=false IgnorePublicAcls=false"
                    " RestrictPublicBuckets=false ");
}

static bool ct_info(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct buf b;
    (void)index;
    buf_init(&b, FALCO_TEXT_MAX);
    put_info(ev, slots, &b);
    return falco_give_built(ev, &b, out);
}

/* What Falco shows of an event that its plugin cannot summarize: up to 50 printable bytes. */
static void put_dump(struct buf *b, struct str record)
{
    struct str data = str_slice(record, 0, 50);
    buf_putf(b, "datalen=%zu data=", record.n);
    for (size_t i = 0; i < data.n; i++) {
        if (data.p[i] < ' ' || data.p[i] > '~') {
            buf_putz(b, "<binary>");
            return;
        }
    }
    buf_put(b, data);
    if (record.n > data.n)
        buf_putz(b, "...");
}

bool falco_ct_plugininfo(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    struct buf b;
    struct str src, region, name, user;
    (void)index;
    buf_init(&b, FALCO_TEXT_MAX);
    if (ev->source != SOURCE_CLOUDTRAIL || !falco_only_string(ev, slots[INFO_SOURCE], &src) ||
        !falco_only_string(ev, slots[INFO_REGION], &region) ||
        !falco_only_string(ev, slots[INFO_NAME], &name)) {
        put_dump(&b, ev->record);
        return falco_give_built(ev, &b, out);
    }
    buf_put(&b, region);
    if (user_of(ev, slots, &user) && user.n)
        buf_putc(&b, ' ');
    buf_put(&b, user);
    buf_putc(&b, ' ');
    buf_put(&b, short_source(src));
    buf_putc(&b, ' ');
    buf_put(&b, name);
    buf_putc(&b, ' ');
    put_info(ev, slots, &b);
    return falco_give_built(ev, &b, out);
}

/* ---- the table ---- */

#define REQUEST(name, key) FALCO_ROW_PLAIN(name, "requestParameters/" key)

static const struct falco_field fields[] = {
    FALCO_ROW_PLAIN("ct.id", "eventID"),
    FALCO_ROW_PLAIN("ct.error", "errorCode"),
    FALCO_ROW_PLAIN("ct.errormessage", "errorMessage"),
    FALCO_ROW_PLAIN("ct.time", "eventTime"),
    FALCO_ROW_PLAIN("ct.src", "eventSource"),
    FALCO_ROW_TEXT("ct.shortsrc", src_paths, ct_shortsrc),
    FALCO_ROW_PLAIN("ct.name", "eventName"),
    FALCO_ROW_TEXT("ct.user", user_paths, ct_user),
    FALCO_ROW_TEXT("ct.originaluser", originaluser_paths, ct_originaluser),
    FALCO_ROW_TEXT("ct.user.accountid", accountid_paths, ct_user_accountid),
    FALCO_ROW_PLAIN("ct.user.identitytype", "userIdentity/type"),
    FALCO_ROW_PLAIN("ct.user.principalid", "userIdentity/principalId"),
    FALCO_ROW_PLAIN("ct.user.arn", "userIdentity/arn"),
    FALCO_ROW_PLAIN("ct.region", "awsRegion"),
    FALCO_ROW_PLAIN("ct.response.subnetid", "responseElements/subnetId"),
    FALCO_ROW_PLAIN("ct.response.reservationid", "responseElements/reservationId"),
    FALCO_ROW_TEXT("ct.response", response_paths, json_of),
    REQUEST("ct.request.availabilityzone", "availabilityZone"),
    REQUEST("ct.request.cluster", "cluster"),
    REQUEST("ct.request.functionname", "functionName"),
    REQUEST("ct.request.groupname", "groupName"),
    REQUEST("ct.request.host", "Host"),
    REQUEST("ct.request.name", "name"),
    REQUEST("ct.request.policy", "policy"),
    REQUEST("ct.request.reason", "reason"),
    REQUEST("ct.request.target", "target"),
    REQUEST("ct.request.documentname", "documentName"),
    REQUEST("ct.request.serialnumber", "serialNumber"),
    REQUEST("ct.request.servicename", "serviceName"),
    REQUEST("ct.request.subnetid", "subnetId"),
    REQUEST("ct.request.taskdefinition", "taskDefinition"),
    REQUEST("ct.request.username", "userName"),
    FALCO_ROW_TEXT("ct.request", request_paths, json_of),
    FALCO_ROW_PLAIN("ct.srcip", "sourceIPAddress"),
    FALCO_ROW_PLAIN("ct.useragent", "userAgent"),
    FALCO_ROW_TEXT("ct.info", falco_ct_info_paths, ct_info),
    FALCO_ROW_TEXT("ct.managementevent", management_paths, ct_flag),
    FALCO_ROW_TEXT("ct.readonly", readonly_paths, ct_flag),
    FALCO_ROW_PLAIN("ct.requestid", "requestID"),
    FALCO_ROW_PLAIN("ct.eventtype", "eventType"),
    FALCO_ROW_PLAIN("ct.apiversion", "apiVersion"),
    FALCO_ROW_TEXT("ct.resources", resources_paths, ct_resources),
    FALCO_ROW_PLAIN("ct.recipientaccountid", "recipientAccountId"),
    FALCO_ROW_PLAIN("ct.serviceeventdetails", "serviceEventDetails"),
    FALCO_ROW_PLAIN("ct.sharedeventid", "sharedEventID"),
    FALCO_ROW_PLAIN("ct.vpcendpointid", "vpcEndpointId"),
    FALCO_ROW_PLAIN("ct.eventcategory", "eventCategory"),
    FALCO_ROW_PLAIN("ct.addendum.reason", "addendum/reason"),
    FALCO_ROW_PLAIN("ct.addendum.updatedfields", "addendum/updatedFields"),
    FALCO_ROW_PLAIN("ct.addendum.originalrequestid", "addendum/originalRequestID"),
    FALCO_ROW_PLAIN("ct.addendum.originaleventid", "addendum/originalEventID"),
    FALCO_ROW_TEXT("ct.sessioncredentialfromconsole", fromconsole_paths, ct_flag),
    FALCO_ROW_PLAIN("ct.edgedevicedetails", "edgeDeviceDetails"),
    FALCO_ROW_PLAIN("ct.tlsdetails.tlsversion", "tlsDetails/tlsVersion"),
    FALCO_ROW_PLAIN("ct.tlsdetails.ciphersuite", "tlsDetails/cipherSuite"),
    FALCO_ROW_PLAIN("ct.tlsdetails.clientprovidedhostheader",
                    "tlsDetails/clientProvidedHostHeader"),
    FALCO_ROW_TEXT("ct.additionaleventdata", additional_paths, json_of),

    FALCO_ROW_TEXT("s3.uri", uri_paths, s3_uri),
    REQUEST("s3.bucket", "bucketName"),
    REQUEST("s3.key", "key"),
    FALCO_ROW_NUMBER("s3.bytes", FALCO_U64, bytes_paths, s3_bytes),
    FALCO_ROW_NUMBER("s3.bytes.in", FALCO_U64, bytes_in_paths, s3_bytes_one),
    FALCO_ROW_NUMBER("s3.bytes.out", FALCO_U64, bytes_out_paths, s3_bytes_one),
    FALCO_ROW_NUMBER("s3.cnt.get", FALCO_U64, name_paths, s3_cnt_get),
    FALCO_ROW_NUMBER("s3.cnt.put", FALCO_U64, name_paths, s3_cnt_put),
    FALCO_ROW_NUMBER("s3.cnt.other", FALCO_U64, name_paths, s3_cnt_other),
    FALCO_ROW_TEXT("ec2.name", ec2_name_paths, ec2_name),
    FALCO_ROW_TEXT("ec2.imageid", image_paths, ec2_imageid),
    {"ec2.imageids", FALCO_STRING | FALCO_LIST_FLAG, FALCO_ARG_INDEX, FALCO_FN_FIELD, image_paths,
     ec2_imageids},
    REQUEST("ecr.repository", "repositoryName"),
    REQUEST("ecr.imagetag", "imageTag"),
    REQUEST("iam.role", "roleName"),
    REQUEST("iam.policy", "policyName"),
};

const struct falco_field *falco_ct_fields(size_t *n)
{
    *n = sizeof fields / sizeof *fields;
    return fields;
}
