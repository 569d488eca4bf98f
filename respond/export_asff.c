/* Security Hub's finding format. Lengths and numbers are BatchImportFindings' limits. */
#include "respond/export_parts.h"

#define TITLE_MAX       256
#define DESCRIPTION_MAX 1024
#define RESOURCES_MAX   32
#define RESOURCE_ID_MAX 512
#define TYPES_MAX       50

static const char *region_of(const json_t *incident)
{
    const char *region = export_first(incident, "regions");
    return *region ? region : "us-east-1";
}

/* aws-cn, aws-us-gov or aws, by the region's name. */
static const char *partition_of(const char *region)
{
    if (str_starts(str_of(region), S("cn-")))
        return "aws-cn";
    return str_starts(str_of(region), S("us-gov-")) ? "aws-us-gov" : "aws";
}

static const char *type_of(const char *type)
{
    static const struct {
        const char *ours, *asff;
    } types[] = {
        {"user", "AwsIamUser"},
        {"role", "AwsIamRole"},
        {"access key", "AwsIamAccessKey"},
        {"group", "AwsIamGroup"},
        {"policy", "AwsIamPolicy"},
        {"instance", "AwsEc2Instance"},
        {"bucket", "AwsS3Bucket"},
        {"function", "AwsLambdaFunction"},
        {"secret", "AwsSecretsManagerSecret"},
        {"security group", "AwsEc2SecurityGroup"},
        {"volume", "AwsEc2Volume"},
        {"trail", "AwsCloudTrailTrail"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eqz(str_of(type), types[i].ours))
            return types[i].asff;
    return "Other";
}

static json_t *account_resource(const char *account, const char *region)
{
    return json_pack("{s:s,s:o,s:s,s:s}", "Type", "AwsAccount", "Id",
                     json_sprintf("AWS::::Account:%s", account), "Partition", partition_of(region),
                     "Region", region);
}

static json_t *resources(const json_t *incident, const char *account)
{
    const json_t *r;
    size_t i;
    json_t *list = json_array();
    json_array_foreach(json_object_get(incident, "resources"), i, r)
    {
        const char *region = export_text(r, "region");
        const char *there = *region ? region : region_of(incident);
        json_t *one = json_pack("{s:s,s:o,s:s,s:s}", "Type", type_of(export_text(r, "type")), "Id",
                                export_upto(export_text(r, "name"), RESOURCE_ID_MAX), "Partition",
                                partition_of(there), "Region", there);
        if (json_array_size(list) == RESOURCES_MAX || json_array_append(list, one) != 0)
            i = json_array_size(json_object_get(incident, "resources"));
        json_decref(one);
    }
    if (json_array_size(list) == 0)
        json_array_append_new(list, account_resource(account, region_of(incident)));
    return list;
}

/* "TTPs/Persistence" of tactics; Security Hub has these names. */
static json_t *types(const json_t *incident)
{
    static const struct {
        const char *tactic, *type;
    } names[] = {
        {"TA0001", "TTPs/Initial Access"},
        {"TA0002", "TTPs/Execution"},
        {"TA0003", "TTPs/Persistence"},
        {"TA0004", "TTPs/Privilege Escalation"},
        {"TA0005", "TTPs/Defense Evasion"},
        {"TA0006", "TTPs/Credential Access"},
        {"TA0007", "TTPs/Discovery"},
        {"TA0008", "TTPs/Lateral Movement"},
        {"TA0009", "TTPs/Collection"},
        {"TA0011", "TTPs/Command and Control"},
        {"TA0010", "Effects/Data Exfiltration"},
        {"TA0040", "Effects/Data Destruction"},
    };
    json_t *list = json_array();
    const json_t *indicator, *value;
    size_t i, k;
    json_array_foreach(json_object_get(incident, "indicators"), i, indicator)
    {
        if (!str_eqz(str_of(export_text(indicator, "key")), "ATTACK_TACTIC"))
            continue;
        json_array_foreach(json_object_get(indicator, "values"), k, value)
        {
            for (size_t n = 0; n < sizeof names / sizeof *names; n++)
                if (str_eqz(str_of(json_string_value(value)), names[n].tactic) &&
                    json_array_size(list) < TYPES_MAX)
                    json_array_append_new(list, json_string(names[n].type));
        }
    }
    if (json_array_size(list) == 0)
        json_array_append_new(list, json_string("Unusual Behaviors/User"));
    return list;
}

static json_t *severity(const json_t *incident)
{
    static const char *const labels[] = {"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
    return json_pack("{s:s,s:s}", "Label", labels[export_level(incident)], "Original",
                     export_text(incident, "level"));
}

/* Texts that say where the rest is. */
static json_t *fields(const json_t *incident)
{
    return json_pack(
        "{s:s,s:o,s:o}", "trailwarden/incident", export_text(incident, "id"), "trailwarden/updates",
        json_sprintf("%lld", (long long)json_integer_value(json_object_get(incident, "updates"))),
        "trailwarden/signals",
        json_sprintf("%zu", json_array_size(json_object_get(incident, "signals"))));
}

json_t *export_asff(const json_t *incident)
{
    const char *region = region_of(incident), *id = export_text(incident, "id");
    const char *known = export_first(incident, "accounts");
    const char *account = *known ? known : "000000000000";
    const char *first = export_text(incident, "first"), *last = export_text(incident, "last");
    const char *partition = partition_of(region);
    return json_pack("{s:s,s:o,s:o,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:s,s:{s:s}}",
                     "SchemaVersion", "2018-10-08", "Id",
                     json_sprintf("trailwarden/incident/%s", id), "ProductArn",
                     json_sprintf("arn:%s:securityhub:%s:%s:product/%s/default", partition, region,
                                  account, account),
                     "GeneratorId", "trailwarden", "AwsAccountId", account, "Types",
                     types(incident), "FirstObservedAt", first, "LastObservedAt", last, "CreatedAt",
                     first, "UpdatedAt", last, "Severity", severity(incident), "Title",
                     export_upto(export_text(incident, "title"), TITLE_MAX), "Description",
                     export_upto(export_text(incident, "summary"), DESCRIPTION_MAX), "Resources",
                     resources(incident, account), "ProductFields", fields(incident), "RecordState",
                     "ACTIVE", "Workflow", "Status", "NEW");
}
