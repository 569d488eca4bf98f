/* Reading slots and giving values. */
#include "engine/falco_slots.h"

bool falco_give(struct str text, struct falco_value *out)
{
    out->text = text;
    return str_present(text);
}

bool falco_give_number(uint64_t n, struct falco_value *out)
{
    out->number = n;
    return true;
}

bool falco_give_built(struct event *ev, struct buf *b, struct falco_value *out)
{
    struct str text = b->failed ? STR_ABSENT : arena_str(&ev->scratch, buf_str(b));
    buf_release(b);
    ev->counts.scratch_full += !str_present(text);
    return falco_give(text, out);
}

bool falco_plain(struct event *ev, uint32_t slot, struct str *out)
{
    struct value *v = event_first(ev, slot);
    if (!v)
        return false;
    *out = v->type == JSON_STRING ? event_text(ev, v) : S("");
    return str_present(*out);
}

bool falco_only_string(struct event *ev, uint32_t slot, struct str *out)
{
    struct value *v = event_first(ev, slot);
    return v && v->type == JSON_STRING && falco_plain(ev, slot, out);
}
