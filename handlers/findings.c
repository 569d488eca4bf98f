/* Items of JSON, one behind the other; one that does not fit is taken back. */
#include "handlers/findings.h"

#include "base/escape.h"

void findings_init(struct findings *f)
{
    *f = (struct findings){0};
    buf_init(&f->text, FINDINGS_BYTES_MAX);
}

void findings_release(struct findings *f)
{
    buf_release(&f->text);
}

void findings_reset(struct findings *f)
{
    buf_release(&f->text);
    f->asked = f->open = f->cut = false;
}

void findings_begin(struct findings *f, bool simulated)
{
    f->open = simulated;
    f->asked = f->asked || simulated;
}

/* The item that began at `from` is whole, or goes. */
static void end_item(struct findings *f, size_t from)
{
    buf_putz(&f->text, "},");
    if (!f->text.failed)
        return;
    f->cut = true;
    f->text.failed = false;
    buf_cut(&f->text, from);
}

static void put_rule(struct buf *b, const struct ruleset *rs, const struct rs_rule *rule)
{
    buf_putz(b, ",\"rule\":");
    buf_put_json(b, rs_str(rs, rule->title));
    buf_putf(b, ",\"level\":\"%s\"", level_name(rule->level));
}

void findings_hit(struct findings *f, const struct ruleset *rs, const struct rs_rule *rule,
                  struct str event)
{
    struct buf *b = &f->text;
    size_t from = b->n;
    if (!f->open)
        return;
    buf_putz(b, "{\"type\":\"hit\"");
    put_rule(b, rs, rule);
    buf_putz(b, ",\"event\":");
    buf_put_json(b, event);
    end_item(f, from);
}

void findings_alert(struct findings *f, const struct ruleset *rs, const struct alert *a)
{
    struct buf *b = &f->text;
    size_t from = b->n;
    if (!f->open)
        return;
    buf_putz(b, "{\"type\":\"alert\",\"id\":");
    buf_put_json(b, a->id);
    buf_putf(b, ",\"updates\":%u", a->updates);
    put_rule(b, rs, alert_rule(rs, a));
    buf_putz(b, ",\"events\":[");
    for (size_t i = 0; i < a->n_events; i++) {
        buf_putz(b, i ? "," : "");
        buf_put_json(b, a->events[i]);
    }
    buf_putc(b, ']');
    end_item(f, from);
}

void findings_incident(struct findings *f, struct str id, uint32_t updates)
{
    size_t from = f->text.n;
    if (!f->open)
        return;
    buf_putz(&f->text, "{\"type\":\"incident\",\"id\":");
    buf_put_json(&f->text, id);
    buf_putf(&f->text, ",\"updates\":%u", updates);
    end_item(f, from);
}

void findings_put(const struct findings *f, struct buf *b)
{
    struct str items = buf_str(&f->text);
    if (!f->asked)
        return;
    buf_putz(b, ",\"findings\":[");
    buf_put(b, str_slice(items, 0, items.n ? items.n - 1 : 0));
    buf_putf(b, "],\"findings_cut\":%s", f->cut ? "true" : "false");
}
