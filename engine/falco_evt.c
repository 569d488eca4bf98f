/* The fields of Falco's evt class and of its json plugin, which all sources have
 * (falcosecurity/libs 0.25, plugin json 0.7.4). Where those have a bug, docs/falco.md says which
 * side is taken here. */
#include "base/timefmt.h"
#include "engine/falco_slots.h"
#include "engine/source.h"

/* ---- evt.* ---- */

static const char *const no_paths[] = {NULL};
static const char *const time_paths[] = {"eventTime", NULL};

static bool event_ms(struct event *ev, uint32_t slot, int64_t *ms)
{
    struct str text;
    if (ev->source != SOURCE_CLOUDTRAIL)
        return event_time(ev, ms) && *ms >= 0;
    return falco_only_string(ev, slot, &text) && time_parse(text, ms) && *ms >= 0;
}

static bool evt_num(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    (void)slots, (void)index;
    return falco_give_number(ev->number, out);
}

enum time_form { FORM_TIME, FORM_TIME_S, FORM_ISO, FORM_DATETIME, FORM_DATETIME_S };

static bool put_time(struct event *ev, uint32_t slot, enum time_form form, struct falco_value *out)
{
    int64_t ms;
    struct buf b;
    if (!event_ms(ev, slot, &ms))
        return false;
    struct time_parts t = time_split(ms);
    buf_init(&b, 64);
    if (form == FORM_ISO || form == FORM_DATETIME || form == FORM_DATETIME_S)
        buf_putf(&b, "%04d-%02d-%02d%c", t.year, t.month, t.day, form == FORM_ISO ? 'T' : ' ');
    buf_putf(&b, "%02d:%02d:%02d", t.hour, t.minute, t.second);
    if (form != FORM_TIME_S && form != FORM_DATETIME_S)
        buf_putf(&b, ".%03d000000", t.ms);
    if (form == FORM_ISO)
        buf_putz(&b, "+0000");
    return falco_give_built(ev, &b, out);
}

static bool evt_time(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    (void)index;
    return put_time(ev, slots[0], FORM_TIME, out);
}

static bool evt_time_s(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    (void)index;
    return put_time(ev, slots[0], FORM_TIME_S, out);
}

static bool evt_time_iso(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    (void)index;
    return put_time(ev, slots[0], FORM_ISO, out);
}

static bool evt_datetime(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    (void)index;
    return put_time(ev, slots[0], FORM_DATETIME, out);
}

static bool evt_datetime_s(struct event *ev, const uint32_t *slots, uint32_t index,
                           struct falco_value *out)
{
    (void)index;
    return put_time(ev, slots[0], FORM_DATETIME_S, out);
}

static bool evt_rawtime(struct event *ev, const uint32_t *slots, uint32_t index,
                        struct falco_value *out)
{
    int64_t ms;
    (void)index;
    return event_ms(ev, slots[0], &ms) && falco_give_number((uint64_t)ms * 1000000, out);
}

static bool evt_rawtime_s(struct event *ev, const uint32_t *slots, uint32_t index,
                          struct falco_value *out)
{
    int64_t ms;
    (void)index;
    return event_ms(ev, slots[0], &ms) && falco_give_number((uint64_t)ms / 1000, out);
}

static bool evt_rawtime_ns(struct event *ev, const uint32_t *slots, uint32_t index,
                           struct falco_value *out)
{
    int64_t ms;
    (void)index;
    return event_ms(ev, slots[0], &ms) && falco_give_number((uint64_t)ms % 1000 * 1000000, out);
}

/* There is no capture whose beginning could be subtracted, and the order of objects must not
 * matter. Also evt.is_async: no event here is. */
static bool zero(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)ev, (void)slots, (void)index;
    return falco_give_number(0, out);
}

static bool evt_pluginname(struct event *ev, const uint32_t *slots, uint32_t index,
                           struct falco_value *out)
{
    (void)slots, (void)index;
    return falco_give(str_of(source_falco_plugin(ev->source)), out);
}

static bool evt_source(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    (void)slots, (void)index;
    return falco_give(str_of(source_falco(ev->source)), out);
}

static bool evt_hostname(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    (void)ev, (void)slots, (void)index;
    return falco_give(S(""), out);
}

static bool never(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)ev, (void)slots, (void)index, (void)out;
    return false;
}

/* ---- json.* ---- */

static void put_indent(struct buf *b, size_t depth)
{
    buf_putc(b, '\n');
    for (size_t i = 0; i < depth; i++)
        buf_putz(b, "  ");
}

/* The record as Go's json.Indent writes it: two blanks a level, empty containers on one line. */
static bool json_obj(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    (void)slots, (void)index;
    struct buf b;
    size_t depth = 0;
    const char *p = ev->record.p, *end = p + ev->record.n;
    buf_init(&b, FALCO_TEXT_MAX);
    while (p < end && !b.failed) {
        const char *from = p;
        bool escaped;
        if (*p == '"' && json_skip_string(&p, end, &escaped) == JSON_OK) {
            buf_put(&b, str_n(from, (size_t)(p - from)));
            continue;
        }
        p = json_blanks(p, end);
        if (p != from)
            continue;
        char c = *p++;
        const char *next = json_blanks(p, end);
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        if (closes) {
            depth -= depth > 0;
            put_indent(&b, depth);
        }
        buf_putc(&b, c);
        if (opens && next < end && (*next == '}' || *next == ']')) {
            buf_putc(&b, *next);
            p = next + 1;
        } else if (opens) {
            put_indent(&b, ++depth);
        } else if (c == ',') {
            put_indent(&b, depth);
        } else if (c == ':') {
            buf_putc(&b, ' ');
        }
    }
    return falco_give_built(ev, &b, out);
}

static bool json_rawtime(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    struct buf b;
    if (!evt_rawtime(ev, slots, index, out))
        return false;
    buf_init(&b, 32);
    buf_put_u64(&b, out->number);
    return falco_give_built(ev, &b, out);
}

/* ---- the table ---- */

static const struct falco_field common[] = {
    FALCO_ROW_NUMBER("evt.num", FALCO_U64, no_paths, evt_num),
    FALCO_ROW_TEXT("evt.time", time_paths, evt_time),
    FALCO_ROW_TEXT("evt.time.s", time_paths, evt_time_s),
    FALCO_ROW_TEXT("evt.time.iso8601", time_paths, evt_time_iso),
    FALCO_ROW_TEXT("evt.datetime", time_paths, evt_datetime),
    FALCO_ROW_TEXT("evt.datetime.s", time_paths, evt_datetime_s),
    FALCO_ROW_NUMBER("evt.rawtime", FALCO_ABSTIME, time_paths, evt_rawtime),
    FALCO_ROW_NUMBER("evt.rawtime.s", FALCO_ABSTIME, time_paths, evt_rawtime_s),
    FALCO_ROW_NUMBER("evt.rawtime.ns", FALCO_ABSTIME | FALCO_PADDED_FLAG, time_paths,
                     evt_rawtime_ns),
    FALCO_ROW_NUMBER("evt.reltime", FALCO_RELTIME | FALCO_PADDED_FLAG, no_paths, zero),
    FALCO_ROW_NUMBER("evt.reltime.s", FALCO_RELTIME, no_paths, zero),
    FALCO_ROW_NUMBER("evt.reltime.ns", FALCO_RELTIME | FALCO_PADDED_FLAG, no_paths, zero),
    FALCO_ROW_TEXT("evt.pluginname", no_paths, evt_pluginname),
    FALCO_ROW_TEXT("evt.plugininfo", falco_ct_info_paths, falco_ct_plugininfo),
    FALCO_ROW_TEXT("evt.source", no_paths, evt_source),
    FALCO_ROW_NUMBER("evt.is_async", FALCO_BOOL, no_paths, zero),
    FALCO_ROW_TEXT("evt.asynctype", no_paths, never),
    FALCO_ROW_TEXT("evt.hostname", no_paths, evt_hostname),

    {"json.value", FALCO_STRING, FALCO_ARG_KEY, FALCO_FN_JSON, no_paths, NULL},
    FALCO_ROW_TEXT("json.obj", no_paths, json_obj),
    FALCO_ROW_TEXT("json.rawtime", time_paths, json_rawtime),
    {"jevt.value", FALCO_STRING, FALCO_ARG_KEY, FALCO_FN_JSON, no_paths, NULL},
    FALCO_ROW_TEXT("jevt.obj", no_paths, json_obj),
    FALCO_ROW_TEXT("jevt.rawtime", time_paths, json_rawtime),
};

const struct falco_field *falco_common_fields(size_t *n)
{
    *n = sizeof common / sizeof *common;
    return common;
}
