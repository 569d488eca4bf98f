/* handlers/logkey: keys as CloudTrail names its files (CloudTrail User Guide, "Finding your
 * CloudTrail log files" and "CloudTrail digest file structure"). */
#include "handlers/logkey.h"

#include "tests/unit/support/check.h"

#define FILE_NAME "/2026/03/17/111122223333_CloudTrail_eu-west-1_20260317T0000Z_x.json.gz"

static void reads_keys(void **state)
{
    static const struct {
        const char *name, *key;
        const char *account, *region; /* NULL: it is none */
        bool digest;
    } cases[] = {
        {"a log", "AWSLogs/111122223333/CloudTrail/eu-west-1" FILE_NAME, "111122223333",
         "eu-west-1", false},
        {"a prefix", "all/trails/AWSLogs/111122223333/CloudTrail/eu-west-1" FILE_NAME,
         "111122223333", "eu-west-1", false},
        {"an organization", "AWSLogs/o-exampleorg/111122223333/CloudTrail/us-gov-east-1" FILE_NAME,
         "111122223333", "us-gov-east-1", false},
        {"a digest", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1" FILE_NAME, "111122223333",
         "eu-west-1", true},
        {"another service", "AWSLogs/111122223333/vpcflowlogs/eu-west-1" FILE_NAME, NULL, NULL,
         false},
        {"Insights", "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1" FILE_NAME, NULL, NULL,
         false},
        {"names alike", "myAWSLogs/111122223333/CloudTrail/eu-west-1" FILE_NAME, NULL, NULL, false},
        {"no account", "AWSLogs/11112222333/CloudTrail/eu-west-1" FILE_NAME, NULL, NULL, false},
        {"an account of letters", "AWSLogs/abcdefghijkl/CloudTrail/eu-west-1" FILE_NAME, NULL, NULL,
         false},
        {"an empty region", "AWSLogs/111122223333/CloudTrail/" FILE_NAME, NULL, NULL, false},
        {"a region that is none", "AWSLogs/111122223333/CloudTrail/eu west" FILE_NAME, NULL, NULL,
         false},
        {"a region too long",
         "AWSLogs/111122223333/CloudTrail/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" FILE_NAME, NULL, NULL,
         false},
        {"no file", "AWSLogs/111122223333/CloudTrail/eu-west-1", NULL, NULL, false},
        {"cut off", "AWSLogs/111122223333", NULL, NULL, false},
        {"only an organization", "AWSLogs/o-exampleorg", NULL, NULL, false},
        {"nothing behind", "AWSLogs/", NULL, NULL, false},
        {"a name of one's own", "one.json.gz", NULL, NULL, false},
        {"empty", "", NULL, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct logkey got;
        check_int(cases[i].name, logkey_read(str_of(cases[i].key), &got), cases[i].account != NULL);
        if (!cases[i].account)
            continue;
        check_str(cases[i].name, got.account, str_of(cases[i].account));
        check_str(cases[i].name, got.region, str_of(cases[i].region));
        check_str(cases[i].name, got.day, S("2026/03/17"));
        check_int(cases[i].name, got.digest, cases[i].digest);
    }
    struct logkey got;
    check_false("absent", logkey_read(STR_ABSENT, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
