/* Reads one record in one pass: keys are looked up in two small trees of the paths that rules name,
 * and what no rule names is skipped without being looked at. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/event.h"

#include <pcre2.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "engine/regex_need.h"
#include "engine/subject.h"

#define VALUES_FIRST 256 /* values of a usual record: one or two a named field */
#define REGEX_MATCH_LIMIT                                                                          \
    20000                   /* steps of one regular expression over one value (DESIGN section 4) */
#define REGEX_HEAP_KIB 4096 /* memory of one match */
#define EPOCH_MAX      (UINT32_MAX / 2)
/* A number of seconds is below it, one of milliseconds is not: the years 5138 and 1973. */
#define SECONDS_MAX 100000000000ull

/* Where one value stands in the two trees; RS_NONE: in no path of that kind. */
struct place {
    uint32_t fan;
    uint32_t point;
};

struct walk {
    struct event *ev;
    const struct ruleset *rs;
    const char *end;
    unsigned depth;
    enum json_status status; /* why the walk stopped: JSON_MORE or JSON_BAD */
    const char *at;          /* where */
    const char *why;         /* of JSON_BAD */
};

static void *zeroed(size_t n, size_t size)
{
    return calloc(n ? n : 1, size);
}

/* The index as an event asks it: by its own slots, and for its own source. */
static void sort_index(struct event *ev)
{
    const struct ruleset *rs = ev->rules;
    const struct rs_index *ix = &rs->index;
    uint32_t n = 0;
    for (uint32_t i = 0; i < rs->n_slots; i++)
        ev->slot_index[i] = RS_NONE;
    for (uint32_t i = 0; i < ix->n_slots; i++)
        ev->slot_index[ix->slots[i].slot] = i;
    for (uint32_t s = 0; s < SOURCES; s++) {
        ev->always_from[s] = n;
        for (uint32_t i = 0; i < ix->n_always; i++)
            if (rs->rules[ix->always[i]].source == s)
                ev->always[n++] = ix->always[i];
    }
    ev->always_from[SOURCES] = n;
}

bool event_init(struct event *ev, const struct ruleset *rs, struct err *e)
{
    *ev = (struct event){.rules = rs, .source = SOURCE_CLOUDTRAIL};
    arena_init(&ev->scratch, EVENT_SCRATCH_MAX);
    ev->cap_values = VALUES_FIRST;
    ev->values = zeroed(ev->cap_values, sizeof *ev->values);
    ev->slot_first = zeroed(rs->n_slots, sizeof *ev->slot_first);
    ev->slot_last = zeroed(rs->n_slots, sizeof *ev->slot_last);
    ev->touched = zeroed(rs->n_slots, sizeof *ev->touched);
    ev->step_seen = zeroed(rs->n_steps, sizeof *ev->step_seen);
    ev->pred_known = zeroed(rs->n_preds, sizeof *ev->pred_known);
    ev->rule_seen = zeroed(rs->n_rules, sizeof *ev->rule_seen);
    ev->slot_index = zeroed(rs->n_slots, sizeof *ev->slot_index);
    ev->always = zeroed(rs->index.n_always, sizeof *ev->always);
    ev->hits = zeroed(rs->n_rules, sizeof *ev->hits);
    ev->regexes = zeroed(rs->n_regexes, sizeof *ev->regexes);
    ev->needs = zeroed(rs->n_regexes, sizeof *ev->needs);
    ev->match_data = pcre2_match_data_create(1, NULL);
    ev->match_context = pcre2_match_context_create(NULL);
    if (!key_table_init(&ev->keys, rs, e)) {
        event_release(ev);
        return false;
    }
    if (!ev->values || !ev->slot_first || !ev->slot_last || !ev->touched || !ev->step_seen ||
        !ev->pred_known || !ev->rule_seen || !ev->slot_index || !ev->always || !ev->hits ||
        !ev->regexes || !ev->needs || !ev->match_data || !ev->match_context) {
        event_release(ev);
        return err_set(e, ERR_SYSTEM, "no memory to read events with %u rules", rs->n_rules);
    }
    sort_index(ev);
    pcre2_set_match_limit(ev->match_context, REGEX_MATCH_LIMIT);
    pcre2_set_heap_limit(ev->match_context, REGEX_HEAP_KIB);
    return true;
}

void event_release(struct event *ev)
{
    key_table_release(&ev->keys);
    free(ev->values);
    free(ev->slot_first);
    free(ev->slot_last);
    free(ev->touched);
    free(ev->step_seen);
    free(ev->pred_known);
    free(ev->rule_seen);
    free(ev->slot_index);
    free(ev->always);
    free(ev->hits);
    for (uint32_t i = 0; ev->regexes && i < ev->rules->n_regexes; i++)
        pcre2_code_free(ev->regexes[i]);
    free(ev->regexes);
    free(ev->needs);
    pcre2_match_data_free(ev->match_data);
    pcre2_match_context_free(ev->match_context);
    arena_release(&ev->scratch);
    *ev = (struct event){0};
}

void event_set_geo(struct event *ev, struct port_geo port)
{
    ev->geo_port = port;
    ev->geo = (struct event_geo){0};
}

/* Forgets the record before. */
static void start(struct event *ev)
{
    for (uint32_t i = 0; i < ev->n_touched; i++)
        ev->slot_first[ev->touched[i]] = 0;
    ev->n_touched = 0;
    ev->n_values = 0;
    ev->columns.n = 0;
    arena_reset(&ev->scratch);
    if (ev->epoch == EPOCH_MAX) {
        const struct ruleset *rs = ev->rules;
        memset(ev->step_seen, 0, rs->n_steps * sizeof *ev->step_seen);
        memset(ev->pred_known, 0, rs->n_preds * sizeof *ev->pred_known);
        memset(ev->rule_seen, 0, rs->n_rules * sizeof *ev->rule_seen);
        ev->epoch = 0;
    }
    ev->epoch++;
}

/* Appends a value to a slot; returns its position, or RS_NONE when the event has no room for it. */
static uint32_t add_value(struct event *ev, uint32_t slot)
{
    if (ev->n_values == ev->cap_values) {
        uint32_t cap = ev->cap_values * 2;
        struct value *v = cap <= EVENT_VALUES_MAX ? realloc(ev->values, cap * sizeof *v) : NULL;
        if (!v)
            return RS_NONE;
        ev->values = v;
        ev->cap_values = cap;
    }
    uint32_t at = ev->n_values++;
    if (ev->slot_first[slot] == 0) {
        ev->slot_first[slot] = at + 1;
        ev->touched[ev->n_touched++] = slot;
    } else {
        ev->values[ev->slot_last[slot] - 1].next = at + 1;
    }
    ev->slot_last[slot] = at + 1;
    ev->values[at] = (struct value){0};
    return at;
}

/* Of duplicate keys the first counts on the way to a point; a step is met once in a record. */
static uint32_t met_once(struct event *ev, uint32_t step)
{
    if (step == RS_NONE || ev->step_seen[step] == ev->epoch)
        return RS_NONE;
    ev->step_seen[step] = ev->epoch;
    return step;
}

/* The first kid that names the position; others are its twins. */
static uint32_t kid_at(const struct ruleset *rs, uint32_t step, uint32_t position)
{
    const struct rs_step *s = rs->steps + step;
    for (uint32_t k = s->kids.first; k < s->kids.first + s->kids.n; k++)
        if (rs->steps[k].index == position)
            return k;
    return RS_NONE;
}

static bool has_kids(const struct ruleset *rs, uint32_t step)
{
    return step != RS_NONE && rs->steps[step].kids.n > 0;
}

static uint32_t slot_at(const struct ruleset *rs, uint32_t step)
{
    return step == RS_NONE ? RS_NONE : rs->steps[step].slot;
}

/* ---- the walk ----------------------------------------------------------------------------------
 * Each step takes the position it stands on and returns the one behind what it took, or NULL when
 * the walk stopped there. */

static const char *stop(struct walk *w, const char *p, enum json_status status, const char *why)
{
    w->status = status;
    w->at = p;
    w->why = why;
    return NULL;
}

static const char *bad(struct walk *w, const char *p, const char *why)
{
    return stop(w, p, JSON_BAD, why);
}

static const char *more(struct walk *w)
{
    return stop(w, w->end, JSON_MORE, NULL);
}

static const char *walk_value(struct walk *w, const char *p, struct place at);

/* Skips blanks; NULL at the end. */
static inline const char *blanks(struct walk *w, const char *p)
{
    p = json_blanks(p, w->end);
    return p < w->end ? p : more(w);
}

static const char *skip_value(struct walk *w, const char *p)
{
    enum json_status st = json_skip(&p, w->end);
    return st == JSON_OK ? p : stop(w, p, st, "a value is malformed or nested too deep");
}

static inline const char *skip_string(struct walk *w, const char *p, bool *escaped)
{
    return json_skip_string(&p, w->end, escaped) == JSON_OK ? p : more(w);
}

static inline const char *walk_place(struct walk *w, const char *p, struct place at)
{
    bool escaped;
    if (at.fan != RS_NONE || at.point != RS_NONE)
        return walk_value(w, p, at);
    return *p == '"' ? skip_string(w, p, &escaped) : skip_value(w, p);
}

/* What in the trees stands below a key. */
static inline struct place kid_places(struct walk *w, struct place at, struct str key)
{
    struct place kid = {RS_NONE, RS_NONE};
    if (at.fan != RS_NONE && key.p)
        kid.fan = key_find(&w->ev->keys, at.fan, key);
    if (at.point != RS_NONE && key.p)
        kid.point = met_once(w->ev, key_find(&w->ev->keys, at.point, key));
    return kid;
}

/* A key and its colon, up to the value. */
static inline const char *walk_key(struct walk *w, const char *p, struct place at,
                                   struct place *kid)
{
    bool escaped;
    const char *from = p + 1;
    if (*p != '"')
        return bad(w, p, "a key is no string");
    p = skip_string(w, p, &escaped);
    if (!p)
        return NULL;
    struct str key = str_n(from, (size_t)(p - from) - 1);
    if (escaped)
        key = json_text(key, &w->ev->scratch);
    p = blanks(w, p);
    if (!p)
        return NULL;
    if (*p != ':')
        return bad(w, p, "a colon is missing behind a key");
    *kid = kid_places(w, at, key);
    return blanks(w, p + 1);
}

/* Behind a member: to the next one, or behind the closing bracket, which *done tells. */
static inline const char *walk_comma(struct walk *w, const char *p, char close, bool *done)
{
    p = blanks(w, p);
    if (!p)
        return NULL;
    *done = *p == close;
    if (*done)
        return p + 1;
    return *p == ',' ? blanks(w, p + 1) : bad(w, p, "a comma or a closing bracket is missing");
}

static const char *walk_object(struct walk *w, const char *p, struct place at)
{
    bool done = false;
    p = blanks(w, p + 1);
    if (p && *p == '}')
        return p + 1;
    while (p && !done) {
        struct place kid;
        p = walk_key(w, p, at, &kid);
        if (p)
            p = walk_place(w, p, kid);
        if (p)
            p = walk_comma(w, p, '}', &done);
    }
    return p;
}

/* Walks a member once more for each further way in which rules name its position: hardly ever. */
static const char *walk_member(struct walk *w, const char *from, struct place at, uint32_t position)
{
    uint32_t kid = at.point == RS_NONE ? RS_NONE : kid_at(w->rs, at.point, position);
    const char *p = walk_place(w, from, (struct place){at.fan, met_once(w->ev, kid)});
    while (p && kid != RS_NONE && w->rs->steps[kid].twin != RS_NONE) {
        kid = w->rs->steps[kid].twin;
        p = walk_place(w, from, (struct place){RS_NONE, met_once(w->ev, kid)});
    }
    return p;
}

static const char *walk_array(struct walk *w, const char *p, struct place at)
{
    bool done = false;
    p = blanks(w, p + 1);
    if (p && *p == ']')
        return p + 1;
    for (uint32_t i = 0; p && !done; i++) {
        p = walk_member(w, p, at, i);
        if (p)
            p = walk_comma(w, p, ']', &done);
    }
    return p;
}

/* Fills in a value that was added before it was read: raw and type. */
static void set_value(struct walk *w, uint32_t at, struct str raw, enum json_type type,
                      bool escaped)
{
    if (at == RS_NONE) {
        w->ev->counts.values_cut += w->ev->n_values == EVENT_VALUES_MAX;
        return;
    }
    bool quoted = type == JSON_STRING;
    struct value *v = w->ev->values + at;
    v->raw = str_n(raw.p + quoted, raw.n - 2 * quoted);
    v->type = (uint8_t)type;
    v->escaped = escaped;
}

static const char *walk_value(struct walk *w, const char *p, struct place at)
{
    const char *from = p;
    enum json_type type = json_type_of(*from);
    bool escaped = false;
    uint32_t fan_slot = slot_at(w->rs, at.fan), point_slot = slot_at(w->rs, at.point);
    uint32_t fan = fan_slot == RS_NONE ? RS_NONE : add_value(w->ev, fan_slot);
    uint32_t point = point_slot == RS_NONE ? RS_NONE : add_value(w->ev, point_slot);
    bool deeper = has_kids(w->rs, at.fan) || has_kids(w->rs, at.point);
    if (w->depth == JSON_DEPTH_MAX)
        return bad(w, p, "nested too deep");
    w->depth++;
    if (type == JSON_STRING)
        p = skip_string(w, p, &escaped);
    else if (type == JSON_OBJECT && deeper)
        p = walk_object(w, p, at);
    else if (type == JSON_ARRAY && (deeper || fan_slot != RS_NONE))
        p = walk_array(w, p, at);
    else
        p = skip_value(w, p);
    w->depth--;
    if (!p)
        return NULL;
    struct str raw = str_n(from, (size_t)(p - from));
    if (fan_slot != RS_NONE)
        set_value(w, fan, raw, type, escaped);
    if (point_slot != RS_NONE)
        set_value(w, point, raw, type, escaped);
    return p;
}

/* Keeps what the port says of the address; of what is too long for one, nothing. */
static void find_geo(struct event *ev, struct str address)
{
    struct event_geo *g = &ev->geo;
    char digits[EVENT_ASN_MAX];
    g->found = (struct geo){0};
    g->n_address = g->n_asn = 0;
    if (address.n > GEO_ADDRESS_MAX)
        return;
    memcpy(g->address, address.p, address.n);
    g->n_address = address.n;
    ev->geo_port.find(ev->geo_port.self, address, &g->found);
    size_t at = sizeof digits;
    for (uint32_t left = g->found.asn; left; left /= 10)
        digits[--at] = (char)('0' + left % 10);
    g->n_asn = sizeof digits - at;
    memcpy(g->asn, digits + at, g->n_asn);
}

const struct geo *event_geo(struct event *ev)
{
    static const struct geo unknown;
    struct str address = event_core(ev, CORE_IP);
    if (!ev->geo_port.find || address.n == 0)
        return &unknown;
    if (!str_eq(address, str_n(ev->geo.address, ev->geo.n_address)))
        find_geo(ev, address);
    return &ev->geo.found;
}

static void add_own(struct event *ev, enum own_field field, struct str text, enum json_type type)
{
    uint32_t slot = ev->rules->own[field];
    if (slot == RS_NONE || text.n == 0)
        return;
    uint32_t at = add_value(ev, slot);
    if (at == RS_NONE)
        ev->counts.values_cut += ev->n_values == EVENT_VALUES_MAX;
    else
        ev->values[at] = (struct value){.raw = text, .type = (uint8_t)type};
}

/* Whether a rule names the field. */
static bool names(const struct event *ev, enum own_field field)
{
    return ev->rules->own[field] != RS_NONE;
}

/* Values for the slots that rules name and no record has. */
static void add_own_fields(struct event *ev)
{
    const struct geo *g = event_geo(ev);
    struct str asn = g->asn ? str_n(ev->geo.asn, ev->geo.n_asn) : STR_ABSENT;
    add_own(ev, OWN_COUNTRY, g->country, JSON_STRING);
    add_own(ev, OWN_ASN, asn, JSON_NUMBER);
    add_own(ev, OWN_AS_ORG, g->as_org, JSON_STRING);
    if (names(ev, OWN_SUBJECT))
        add_own(ev, OWN_SUBJECT, event_subject(ev), JSON_STRING);
    if (names(ev, OWN_NAMESPACE))
        add_own(ev, OWN_NAMESPACE, event_namespace(ev), JSON_STRING);
}

static bool has_marks(const struct event *ev, const uint32_t marks[SOURCE_MARK_FIELDS])
{
    if (marks[0] == RS_NONE)
        return false;
    for (size_t i = 0; i < SOURCE_MARK_FIELDS && marks[i] != RS_NONE; i++)
        if (!event_first(ev, marks[i]))
            return false;
    return true;
}

static bool is_of(const struct event *ev, enum source source)
{
    for (size_t m = 0; m < SOURCE_MARKS; m++)
        if (has_marks(ev, ev->rules->marks[source][m]))
            return true;
    return false;
}

/* Tells the record's source by its fields; one that shows none is taken for CloudTrail's. */
static void find_source(struct event *ev)
{
    ev->source = ev->source_forced ? ev->forced : SOURCE_CLOUDTRAIL;
    ev->source_known = ev->source_forced;
    for (size_t s = 0; s < SOURCES && !ev->source_known; s++)
        if (is_of(ev, (enum source)s)) {
            ev->source = (enum source)s;
            ev->source_known = true;
        }
}

enum json_status event_read(struct event *ev, struct str bytes, size_t *used, struct err *e)
{
    const struct ruleset *rs = ev->rules;
    struct walk w = {.ev = ev, .rs = rs, .end = bytes.p + bytes.n};
    start(ev);
    if (bytes.n == 0)
        return JSON_MORE;
    const char *p =
        *bytes.p == '{'
            ? walk_value(&w, bytes.p, (struct place){rs->roots[SLOT_FAN], rs->roots[SLOT_POINT]})
            : bad(&w, bytes.p, "a record is no JSON object");
    if (!p && w.status == JSON_BAD)
        err_set(e, ERR_INPUT, "at byte %zu of the record: %s", (size_t)(w.at - bytes.p) + 1, w.why);
    if (!p)
        return w.status;
    *used = (size_t)(p - bytes.p);
    ev->record = str_n(bytes.p, *used);
    ev->number++;
    find_source(ev);
    event_end(ev);
    return JSON_OK;
}

void event_force_source(struct event *ev, enum source source)
{
    ev->forced = source;
    ev->source_forced = true;
}

void event_begin(struct event *ev, enum source source, struct str record,
                 struct event_columns columns)
{
    start(ev);
    ev->columns = columns;
    ev->source = source;
    ev->source_known = true;
    ev->record = record;
    ev->number++;
}

void event_put(struct event *ev, uint32_t slot, enum json_type type, struct str raw)
{
    uint32_t at = slot == RS_NONE ? RS_NONE : add_value(ev, slot);
    if (at != RS_NONE)
        ev->values[at] = (struct value){.raw = raw, .type = (uint8_t)type};
}

uint32_t event_member_slot(const struct event *ev, struct str name)
{
    return slot_at(ev->rules, key_find(&ev->keys, ev->rules->roots[SLOT_FAN], name));
}

void event_end(struct event *ev)
{
    if (ev->rules->names_own)
        add_own_fields(ev);
}

struct value *event_first(const struct event *ev, uint32_t slot)
{
    uint32_t at = ev->slot_first[slot];
    return at ? ev->values + (at - 1) : NULL;
}

struct value *event_next(const struct event *ev, const struct value *v)
{
    return v->next ? ev->values + (v->next - 1) : NULL;
}

static struct str compact_text(struct event *ev, struct str raw)
{
    struct buf b;
    buf_init(&b, EVENT_SCRATCH_MAX);
    json_put_compact(&b, raw);
    struct str text = b.failed ? STR_ABSENT : arena_str(&ev->scratch, buf_str(&b));
    buf_release(&b);
    return text;
}

struct str event_text(struct event *ev, struct value *v)
{
    if (v->type == JSON_STRING && !v->escaped)
        return v->raw;
    if (v->type != JSON_STRING && v->type != JSON_OBJECT && v->type != JSON_ARRAY)
        return v->raw;
    if (str_present(v->text))
        return v->text;
    v->text = v->type == JSON_STRING ? json_text(v->raw, &ev->scratch) : compact_text(ev, v->raw);
    if (!str_present(v->text))
        ev->counts.scratch_full++;
    return v->text;
}

struct str event_core(struct event *ev, enum core_field f)
{
    const uint32_t *slots = ev->rules->core[ev->source][f];
    bool numbers = ev->source != SOURCE_CLOUDTRAIL;
    for (size_t i = 0; i < CORE_PATHS && slots[i] != RS_NONE; i++)
        for (struct value *v = event_first(ev, slots[i]); v; v = event_next(ev, v))
            if (v->type == JSON_STRING || (numbers && v->type == JSON_NUMBER))
                return event_text(ev, v);
    return STR_ABSENT;
}

struct str event_tie(struct event *ev, enum tie_field f)
{
    for (struct value *v = event_first(ev, ev->rules->ties[f]); v; v = event_next(ev, v))
        if (v->type == JSON_STRING)
            return event_text(ev, v);
    return STR_ABSENT;
}

bool event_time(struct event *ev, int64_t *ms)
{
    struct str text = event_core(ev, CORE_TIME);
    unsigned long long n;
    if (ev->source == SOURCE_CLOUDTRAIL || !str_u64(text, &n))
        return time_parse(text, ms);
    *ms = (int64_t)(n < SECONDS_MAX ? n * 1000 : n);
    return n < SECONDS_MAX * 1000;
}

/* Compiled, and to machine code where the system allows it. Always at the first use: near its limit
 * machine code may find what the interpreter gives up, and the answer must not depend on how many
 * events came before. */
static const pcre2_code *compiled(struct event *ev, uint32_t regex)
{
    const struct rs_regex *from = ev->rules->regexes + regex;
    struct str pattern = rs_str(ev->rules, from->pattern);
    int code;
    PCRE2_SIZE at;
    if (!ev->regexes[regex]) {
        ev->regexes[regex] =
            pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, from->options, &code, &at, NULL);
        if (ev->regexes[regex])
            (void)pcre2_jit_compile(ev->regexes[regex], PCRE2_JIT_COMPLETE);
    }
    return ev->regexes[regex];
}

/* Whether s lacks what every match of the regular expression contains. */
static bool lacks_need(struct event *ev, uint32_t regex, struct str s)
{
    struct regex_needed *need = ev->needs + regex;
    if (!need->known) {
        const struct rs_regex *r = ev->rules->regexes + regex;
        *need = (struct regex_needed){true, regex_need(rs_str(ev->rules, r->pattern), r->options)};
    }
    return str_present(need->text) && str_find(s, need->text, 0) == SIZE_MAX;
}

bool event_regex(struct event *ev, uint32_t regex, struct str s)
{
    if (lacks_need(ev, regex, s))
        return false;
    const pcre2_code *code = compiled(ev, regex);
    int n = code ? pcre2_match(code, (PCRE2_SPTR)s.p, s.n, 0, 0, ev->match_data, ev->match_context)
                 : PCRE2_ERROR_HEAPLIMIT;
    if (n == PCRE2_ERROR_JIT_STACKLIMIT)
        n = pcre2_match(code, (PCRE2_SPTR)s.p, s.n, 0, PCRE2_NO_JIT, ev->match_data,
                        ev->match_context);
    if (n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT || n == PCRE2_ERROR_HEAPLIMIT)
        ev->counts.regex_limit++;
    return n >= 0;
}
