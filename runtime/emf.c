/* The metrics, and how they become a line. */
#include "runtime/emf.h"

#include "base/escape.h"

_Static_assert(HANDLE_LAGS_MAX <= EMF_VALUES_MAX, "more lags than one line may tell");

struct metric {
    const char *name, *unit; /* a unit of CloudWatch's MetricDatum */
    uint64_t value;
};

#define METRICS 26

/* docs/operations.md says what each means. */
static void list_metrics(const struct emf_invocation *i, struct metric list[METRICS])
{
    const struct handle_counts *c = i->counts;
    const struct metric all[METRICS] = {
        {"Objects", "Count", c->objects},
        {"Failed", "Count", c->failed},
        {"Bytes", "Bytes", c->bytes},
        {"Records", "Count", c->records},
        {"BadRecords", "Count", c->bad},
        {"FlowsNone", "Count", c->no_data},
        {"FlowsSkipped", "Count", c->skipped_data},
        {"HitsInformational", "Count", c->hits_of[LEVEL_INFORMATIONAL]},
        {"HitsLow", "Count", c->hits_of[LEVEL_LOW]},
        {"HitsMedium", "Count", c->hits_of[LEVEL_MEDIUM]},
        {"HitsHigh", "Count", c->hits_of[LEVEL_HIGH]},
        {"HitsCritical", "Count", c->hits_of[LEVEL_CRITICAL]},
        {"RegexLimit", "Count", c->regex_limit},
        {"Alerts", "Count", c->alerts},
        {"Incidents", "Count", c->incidents},
        {"ContainmentNotices", "Count", c->notices},
        {"Contained", "Count", c->contained},
        {"NotContained", "Count", c->not_contained},
        {"StateConflicts", "Count", c->conflicts},
        {"RegionsWatched", "Count", c->watched},
        {"RegionsSilent", "Count", c->silent},
        {"CallsRepeated", "Count", i->repeats},
        {"ColdStarts", "Count", i->cold},
        {"Duration", "Milliseconds", i->ms},
        {"PeakMemory", "Kilobytes", i->peak_kb},
        {"AlertLag", "Milliseconds", c->n_lags},
    };
    memcpy(list, all, sizeof all);
}

/* The last is an array, of which the list has the length. */
#define LAGS (METRICS - 1)

static bool is_told(const struct metric *list, size_t k)
{
    return k == 0 || list[k].value;
}

static void put_directive(struct buf *out, const struct metric *list)
{
    buf_putz(out, "\"CloudWatchMetrics\":[{\"Namespace\":\"trailwarden\","
                  "\"Dimensions\":[[\"FunctionName\"]],\"Metrics\":[");
    for (size_t k = 0; k < METRICS; k++)
        if (is_told(list, k))
            buf_putf(out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", k ? "," : "", list[k].name,
                     list[k].unit);
    buf_putz(out, "]}]");
}

static void put_lags(struct buf *out, const struct handle_counts *c)
{
    for (size_t k = 0; k < c->n_lags; k++) {
        buf_putc(out, k ? ',' : '[');
        buf_put_i64(out, c->lag_ms[k]);
    }
    buf_putc(out, ']');
}

static void put_values(struct buf *out, const struct metric *list, const struct handle_counts *c)
{
    for (size_t k = 0; k < METRICS; k++) {
        if (!is_told(list, k))
            continue;
        buf_putf(out, ",\"%s\":", list[k].name);
        if (k == LAGS)
            put_lags(out, c);
        else
            buf_put_u64(out, list[k].value);
    }
}

void emf_put(struct buf *out, const struct emf_invocation *i)
{
    struct metric list[METRICS];
    list_metrics(i, list);
    buf_putz(out, "{\"_aws\":{\"Timestamp\":");
    buf_put_i64(out, i->now_ms);
    buf_putc(out, ',');
    put_directive(out, list);
    buf_putz(out, "},\"FunctionName\":");
    buf_put_json(out, i->function_name);
    buf_putz(out, ",\"requestId\":");
    buf_put_json(out, i->request_id);
    put_values(out, list, i->counts);
    buf_putz(out, "}\n");
}
