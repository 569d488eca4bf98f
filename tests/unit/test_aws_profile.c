/* aws/profile and aws/credentials: the shared files' grammar as the AWS SDKs and Tools Reference
 * Guide gives it, and the documents of metadata services and STS. */
#include "aws/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "tests/unit/support/check.h"
#include "tests/unit/support/fake_world.h"

static const char config[] = "# [profile hidden]\n"
                             "region = before-any\n"
                             "[default]\n"
                             "region=eu-west-1\r\n"
                             "empty =\n"
                             "[ profile\tb c ] # comment\n"
                             "REGION = us-east-1 # comment\n"
                             "url = http://x#y;z\n"
                             "s3 =\n"
                             "  region = nested\n"
                             "; comment\n"
                             "twice = 1\n"
                             "twice = 2\n"
                             "no value\n"
                             "[profile]\n"
                             "[profilex]\n"
                             "x = y\n"
                             "[sso-session b]\n"
                             "x = z\n"
                             "[broken\n"
                             "x = w\n";
static const char secrets[] =
    "[default]\naws_access_key_id = AKID\n[b c]\nregion = from-credentials\n"
    "[profile q]\nx = literal";

static void check_get(const struct profile_files *f, const char *profile, const char *key,
                      const char *want)
{
    check_str(key, profile_get(f, str_of(profile), key), str_of(want));
}

static void reads_both_files(void **state)
{
    struct profile_files f;
    (void)state;
    buf_init(&f.config, 10000);
    buf_init(&f.credentials, 10000);
    buf_putz(&f.config, config);
    buf_putz(&f.credentials, secrets);
    check_get(&f, "default", "region", "eu-west-1");
    check_get(&f, "default", "empty", "");
    check_get(&f, "default", "aws_access_key_id", "AKID");
    check_get(&f, "b c", "region", "from-credentials");
    check_get(&f, "b c", "url", "http://x#y;z");
    check_get(&f, "b c", "s3", "");
    check_get(&f, "b c", "twice", "2");
    check_get(&f, "b c", "no value", NULL);
    check_get(&f, "b", "x", NULL);
    check_get(&f, "profilex", "x", NULL);
    check_get(&f, "broken", "x", NULL);
    check_get(&f, "profile q", "x", "literal");
    check_true("config", profile_exists(&f, S("b c")));
    check_true("credentials", profile_exists(&f, S("profile q")));
    check_false("comment", profile_exists(&f, S("hidden")));
    check_false("sso", profile_exists(&f, S("b")));
    check_false("absent", profile_exists(&f, STR_ABSENT));
    profile_release(&f);
}

static void finds_the_files(void **state)
{
    char folder[] = "/tmp/trailwarden-test-XXXXXX";
    struct buf path;
    struct err e = {0};
    struct profile_files f;
    (void)state;
    assert_non_null(mkdtemp(folder));
    buf_init(&path, 1000);
    buf_putf(&path, "%s/c", folder);
    FILE *file = fopen(buf_z(&path), "w");
    assert_non_null(file);
    fputs("[x]\nkey=value\n", file);
    fclose(file);

    struct fake_world w = {
        .env = {{"HOME", "/nonexistent"}, {"AWS_SHARED_CREDENTIALS_FILE", buf_z(&path)}}};
    struct aws_world world = fake_world(&w);
    check_true("one is there", profile_load(&world, &f, &e));
    check_get(&f, "x", "key", "value");
    profile_release(&f);

    w.env[1][1] = folder; /* not a file */
    check_false("folder", profile_load(&world, &f, &e));
    check_int("folder", e.kind, ERR_USAGE);
    profile_release(&f);

    w.env[0][0] = NULL;
    check_true("no home", profile_load(&world, &f, &e));
    check_false("no home", profile_exists(&f, S("default")));
    profile_release(&f);
    unlink(buf_z(&path));
    rmdir(folder);
    buf_release(&path);
}

static void reads_metadata_documents(void **state)
{
    static const struct {
        const char *document;
        enum err_kind kind;
    } cases[] = {
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
         "\"Expiration\":\"2026-01-02T03:04:05Z\"}",
         ERR_NONE},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}", ERR_NONE},
        {"{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", ERR_RETRY},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}", ERR_RETRY},
        {"{\"AccessKeyId\":1,\"SecretAccessKey\":\"S\"}", ERR_RETRY},
        {"{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"S\"}", ERR_USAGE},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\\n\"}", ERR_USAGE},
        {"[]", ERR_RETRY},
        {"", ERR_RETRY},
    };
    struct credentials c;
    (void)state;
    credentials_init(&c);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        check_int(cases[i].document,
                  credentials_read_json(&c, str_of(cases[i].document), "the test", &e),
                  cases[i].kind == ERR_NONE);
        check_int(cases[i].document, e.kind, cases[i].kind);
        if (i == 0) {
            check_str("key", buf_str(&c.key_id), S("A"));
            check_str("secret", buf_str(&c.secret), S("S"));
            check_str("token", buf_str(&c.token), S("T"));
            check_int("expires", c.expires_ms, 1767323045000);
            check_false("fresh", credentials_are_stale(&c, c.expires_ms - 60001));
            check_true("stale", credentials_are_stale(&c, c.expires_ms - 60000));
        }
    }
    check_int("an old one without end", c.expires_ms, CREDENTIALS_NEVER);
    check_false("never stale", credentials_are_stale(&c, INT64_MAX));
    credentials_release(&c);
}

static void reads_sts_answers(void **state)
{
    struct credentials c;
    struct err e = {0};
    (void)state;
    credentials_init(&c);
    check_true("whole",
               credentials_read_xml(
                   &c,
                   S("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A"
                     "</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T+/=="
                     "</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials>"
                     "</AssumeRoleResult></AssumeRoleResponse>"),
                   "STS", &e));
    check_str("token", buf_str(&c.token), S("T+/=="));
    check_int("expires", c.expires_ms, 1767323045000);
    check_false("parts",
                credentials_read_xml(&c, S("<a><AccessKeyId>A</AccessKeyId></a>"), "STS", &e));
    check_int("parts", e.kind, ERR_RETRY);
    credentials_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_files),
        cmocka_unit_test(finds_the_files),
        cmocka_unit_test(reads_metadata_documents),
        cmocka_unit_test(reads_sts_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
