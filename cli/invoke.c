/* trailwarden invoke: one notification through the same handler as in Lambda. */
#include <stdlib.h>
#include <string.h>

#include "adapters/cloud.h"
#include "adapters/files.h"
#include "adapters/geo.h"
#include "adapters/output.h"
#include "adapters/process.h"
#include "adapters/state.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/notes.h"
#include "cli/options.h"
#include "cli/words.h"
#include "engine/source.h"
#include "handlers/handle.h"

#define PAYLOAD_MAX (6u << 20) /* Lambda's quota for a synchronous payload */

struct asked {
    struct vec rules, paths; /* const char * */
    const char *config, *topic, *table, *min_level, *geoip, *asn;
    bool dry_run, help;
};

static const char usage_text[] =
    "usage: trailwarden invoke [options] EVENT.json\n\n"
    "Serves the notification as the Lambda function would: reads the objects it names from S3,\n"
    "publishes alerts to the topic (TRAILWARDEN_TOPIC_ARN or --topic) and prints the answer.\n"
    "Without a topic, or with --dry-run, alerts are printed on standard error instead. Windows\n"
    "remember in the table (TRAILWARDEN_TABLE or --table); without one, or with --dry-run, they "
    "see\n"
    "this notification only, and no incidents are told.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"rules", 'r', OPTION_LIST, &a->rules, "PATH", "rule file or folder; repeatable"},
        {"config", 0, OPTION_TEXT, &a->config, "FILE", "placeholders and filters for the rules"},
        {"topic", 0, OPTION_TEXT, &a->topic, "ARN", "where alerts are published"},
        {"table", 0, OPTION_TEXT, &a->table, "NAME", "DynamoDB table that windows remember in"},
        {"min-level", 0, OPTION_TEXT, &a->min_level, "LEVEL", "alerts below are not made"},
        {"geoip", 0, OPTION_TEXT, &a->geoip, "FILE.mmdb", "which country an address is in"},
        {"asn", 0, OPTION_TEXT, &a->asn, "FILE.mmdb", "which network an address belongs to"},
        {"dry-run", 0, OPTION_FLAG, &a->dry_run, NULL, "publish nothing"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->paths, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    } else if (a->paths.n != 1) {
        return err_set(e, ERR_USAGE, "invoke needs one file with an event");
    }
    return true;
}

/* port_alerts without a topic: the JSON on standard error, one alert a line. */
static bool print_alert(void *self, const struct message *m, struct err *e)
{
    (void)self;
    if (fwrite(m->json.p, 1, m->json.n, stderr) == m->json.n && fputc('\n', stderr) != EOF)
        return true;
    return err_set(e, ERR_SYSTEM, "cannot write to standard error");
}

/* port_objects: S3 for references with a bucket, files for those without. */
struct sources {
    struct port_objects s3, files;
};

static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    const struct sources *s = self;
    const struct port_objects *port = str_present(ref->bucket) ? &s->s3 : &s->files;
    return port->read(port->self, ref, take, to, e);
}

/* What the command line or the environment asks for; NULL: none. A dry run remembers nothing. */
static const char *table_of(const struct asked *a)
{
    return a->dry_run ? NULL : word_or_variable(a->table, "TRAILWARDEN_TABLE");
}

static bool make_config(const struct asked *a, const struct ruleset *rules,
                        struct handle_config *cfg, struct err *e)
{
    const char *level = word_or_variable(a->min_level, "TRAILWARDEN_MIN_LEVEL");
    *cfg = (struct handle_config){.rules = rules,
                                  .min_level = LEVEL_LOW,
                                  .buckets = str_of(getenv("TRAILWARDEN_BUCKETS")),
                                  .github_secret = str_of(getenv("TRAILWARDEN_GITHUB_SECRET")),
                                  .version = S(TRAILWARDEN_VERSION),
                                  .incidents = table_of(a)};
    cfg->said.flow_format = str_of(word_or_variable(NULL, "TRAILWARDEN_FLOW_FORMAT"));
    const char *source = word_or_variable(NULL, "TRAILWARDEN_SOURCE");
    cfg->said.has_source = source != NULL;
    if (source && !source_parse(str_of(source), &cfg->said.source))
        return err_set(e, ERR_USAGE, "TRAILWARDEN_SOURCE: %.40s is no source", source);
    if (!level || level_parse(str_of(level), &cfg->min_level))
        return true;
    return err_set(e, ERR_USAGE, "%.40s is no level: informational, low, medium, high, critical",
                   level);
}

static int serve(struct handler *h, struct str payload)
{
    struct err e = {0};
    struct buf answer;
    struct handle_counts counts;
    buf_init(&answer, HANDLE_ANSWER_MAX);
    bool ok = handler_run(h, payload, &answer, &counts, &e);
    if (ok)
        printf("%s\n", buf_z(&answer));
    else
        complain(&e);
    fprintf(stderr,
            "%llu objects, %llu failed, %llu ignored, %llu records, %llu bad, %llu hits, %llu "
            "alerts, %llu incidents\n",
            (unsigned long long)counts.objects, (unsigned long long)counts.failed,
            (unsigned long long)counts.ignored, (unsigned long long)counts.records,
            (unsigned long long)counts.bad, (unsigned long long)counts.hits,
            (unsigned long long)counts.alerts, (unsigned long long)counts.incidents);
    buf_release(&answer);
    return !ok ? EXIT_FAILED : counts.failed || counts.bad ? EXIT_UNREADABLE : EXIT_DONE;
}

static bool open_table(const struct asked *a, struct cloud *cloud, struct port_state *out,
                       struct err *e)
{
    const char *table = table_of(a);
    return !table || cloud_state(cloud, str_of(table), out, e);
}

/* The adapters that a notification is served with. */
struct stores {
    struct cloud *cloud;
    struct state *memory;
    struct geo_files *geo;
};

static int serve_with(const struct asked *a, const struct stores *stores,
                      const struct ruleset *rules, struct str payload)
{
    struct err e = {0};
    struct handle_config cfg;
    struct sources sources = {cloud_objects(stores->cloud), files_port()};
    struct ports ports = {.objects = {.self = &sources, .read = read_object},
                          .alerts = {NULL, print_alert},
                          .clock = process_clock(),
                          .random = process_random(),
                          .state = state_port(stores->memory),
                          .geo = geo_port(stores->geo)};
    const char *topic = word_or_variable(a->topic, "TRAILWARDEN_TOPIC_ARN");
    bool ok = make_config(a, rules, &cfg, &e) && open_table(a, stores->cloud, &ports.state, &e);
    if (ok && topic && !a->dry_run)
        ok = cloud_alerts(stores->cloud, str_of(topic), &ports.alerts, &e);
    struct handler *h = ok ? handler_new(&cfg, &ports, notes_printed(), &e) : NULL;
    int code = h ? serve(h, payload) : fail(&e);
    handler_free(h);
    return code;
}

static bool open_stores(const struct asked *a, struct stores *out, struct err *e)
{
    return geo_open(word_or_variable(a->geoip, "TRAILWARDEN_GEOIP"),
                    word_or_variable(a->asn, "TRAILWARDEN_ASN"), &out->geo, e) &&
           (out->cloud = cloud_new(e)) && (out->memory = state_open(NULL, e));
}

static void close_stores(struct stores *s)
{
    state_close(s->memory);
    cloud_free(s->cloud);
    geo_close(s->geo);
}

static int load_and_serve(const struct asked *a, struct str payload)
{
    struct err e = {0};
    struct loaded rules;
    struct stores stores = {0};
    bool ok = rules_load_durable(&a->rules, word_or_variable(a->config, "TRAILWARDEN_CONFIG"),
                                 &rules, &e);
    diags_print(stderr, &rules.diags);
    ok = ok && open_stores(a, &stores, &e);
    int code = ok ? serve_with(a, &stores, rules.rules, payload) : fail(&e);
    close_stores(&stores);
    if (code == EXIT_DONE && diags_count(&rules.diags, DIAG_REFUSED))
        code = EXIT_UNREADABLE;
    loaded_release(&rules);
    return code;
}

int invoke_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    struct buf payload;
    vec_init(&a.rules, sizeof(const char *), ARGUMENTS_MAX);
    vec_init(&a.paths, sizeof(const char *), ARGUMENTS_MAX);
    buf_init(&payload, PAYLOAD_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e)) {
        code = fail(&e);
    } else if (!a.help) {
        bool read = files_read(*(const char **)vec_at(&a.paths, 0), &payload, &e);
        if (!read && e.kind == ERR_MISSING)
            e.kind = ERR_USAGE;
        code = read ? load_and_serve(&a, buf_str(&payload)) : fail(&e);
    }
    buf_release(&payload);
    vec_release(&a.rules);
    vec_release(&a.paths);
    return code;
}
