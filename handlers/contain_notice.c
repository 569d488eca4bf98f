/* Notices of containment. */
#include "handlers/contain_notice.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/contain_put.h"
#include "respond/put.h"

/* Bytes of any text in a notice: an ARN has at most 2,048 characters; 18 steps with three of them
 * fit 160 KB. */
#define NOTICE_VALUE_MAX 2048

static const struct {
    const char *title, *sentence;
} words[CONTAIN_STATES] = {
    [CONTAIN_NONE] = {"Unknown", "nothing is known"},
    [CONTAIN_ASKED] = {"Approval needed", "waits for approval to be contained"},
    [CONTAIN_PLANNED] = {"Planned", "is to be contained"},
    [CONTAIN_ACTING] = {"Acting", "is being contained"},
    [CONTAIN_CONTAINED] = {"Contained", "is contained"},
    [CONTAIN_PARTLY] = {"Partly contained", "is contained only in part"},
    [CONTAIN_FAILED] = {"Could not contain", "could not be contained"},
    [CONTAIN_REFUSED] = {"Not contained", "was not contained"},
    [CONTAIN_EXPIRED] = {"Approval expired", "was not contained: nobody approved it in time"},
    [CONTAIN_RELEASING] = {"Releasing", "is released only in part"},
    [CONTAIN_RELEASED] = {"Released", "is released"},
};

static enum level level_of(const struct contain_record *rec)
{
    return rec->alarm ? LEVEL_CRITICAL : rec->level;
}

static void put_who(struct buf *b, const struct subject *s)
{
    if (s->kind == SUBJECT_KEY)
        buf_put(b, s->key);
    else
        subject_put_arn(b, s);
}

static void put_member_written(struct buf *b, const char *name, const struct contain_record *rec,
                               void (*put)(struct buf *, const struct contain_record *))
{
    struct buf text;
    buf_init(&text, 4 * NOTICE_VALUE_MAX);
    put(&text, rec);
    put_member(b, str_of(name), buf_str(&text), SIZE_MAX);
    buf_release(&text);
}

static void put_principal(struct buf *b, const struct contain_record *rec)
{
    put_who(b, &rec->subject);
}

static void put_release(struct buf *b, const struct contain_record *rec)
{
    contain_put_command(b, "release", &rec->subject);
}

static void put_contain(struct buf *b, const struct contain_record *rec)
{
    contain_put_command(b, "contain", &rec->subject);
}

void contain_put_approval(struct buf *b, const struct contain_record *rec)
{
    buf_put_hex(b, rec->key.bytes, sizeof rec->key.bytes);
    buf_putf(b, "-%u", (unsigned)rec->due);
}

/* ---- for machines ---- */

static void put_step_json(struct buf *b, const struct contain_done *d)
{
    const struct contain_step *s = &d->step;
    buf_putc(b, '{');
    put_member(b, S("strategy"), str_of(contain_strategy_name(s->strategy)), SIZE_MAX);
    put_member(b, S("verb"), str_of(contain_verb_name(s->verb)), SIZE_MAX);
    put_member(b, S("target"), str_present(s->policy) ? s->policy : s->target, NOTICE_VALUE_MAX);
    put_member(b, S("state"), str_of(contain_step_state_name(d->state)), SIZE_MAX);
    put_member(b, S("result"), str_of(iam_result_name(d->result)), SIZE_MAX);
    buf_putf(b, "\"seen\":%s,", d->seen ? "true" : "false");
    put_member(b, S("why"), d->why, NOTICE_VALUE_MAX);
    put_member(b, S("undo"), str_of(contain_undo_text(contain_undo_of(s->verb))), SIZE_MAX);
    put_close(b, '}');
    buf_putc(b, ',');
}

static void put_rule(struct buf *b, const struct contain_record *rec)
{
    buf_putz(b, "\"rule\":");
    if (!str_present(rec->rule)) {
        buf_putz(b, "null,");
        return;
    }
    buf_putc(b, '{');
    put_member(b, S("id"), rec->rule, NOTICE_VALUE_MAX);
    put_member(b, S("title"), rec->rule_title, NOTICE_VALUE_MAX);
    put_close(b, '}');
    buf_putc(b, ',');
}

void contain_put_state(struct buf *b, const struct contain_record *rec)
{
    put_member(b, S("state"), str_of(contain_state_name(rec->state)), SIZE_MAX);
    buf_putf(b, "\"alarm\":%s,", rec->alarm ? "true" : "false");
    put_member_written(b, "principal", rec, put_principal);
    put_member(b, S("kind"), str_of(subject_kind_name(rec->subject.kind)), SIZE_MAX);
    put_member(b, S("account"), rec->subject.account, SIZE_MAX);
    put_member(b, S("mode"), str_of(contain_mode_name(rec->mode)), SIZE_MAX);
    put_member(b, S("how"), str_of(contain_how_name(rec->how)), SIZE_MAX);
    put_rule(b, rec);
    put_member(b, S("level"), str_of(level_name(level_of(rec))), SIZE_MAX);
    put_member(b, S("alert"), rec->alert, SIZE_MAX);
    put_member(b, S("incident"), rec->incident, SIZE_MAX);
    put_member(b, S("reason"), rec->reason, NOTICE_VALUE_MAX);
    put_member(b, S("by"), rec->by, NOTICE_VALUE_MAX);
    put_member_time(b, "planned", rec->planned_ms != 0, rec->planned_ms);
    put_member_time(b, "acted", rec->acted_ms != 0, rec->acted_ms);
    put_member_time(b, "released", rec->released_ms != 0, rec->released_ms);
    put_member_time(b, "expires", rec->expires_ms != 0, rec->expires_ms);
    buf_putf(b, "\"attempts\":%u,\"taken_off\":%u,\"steps\":[", (unsigned)rec->attempts,
             (unsigned)rec->taken_off);
    for (size_t i = 0; i < rec->n_steps; i++)
        put_step_json(b, rec->steps + i);
    put_close(b, ']');
    buf_putc(b, ',');
    put_member_written(b, contain_state_holds(rec->state) ? "undo" : "command", rec,
                       contain_state_holds(rec->state) ? put_release : put_contain);
}

static void put_approval_json(struct buf *b, const struct contain_record *rec)
{
    if (rec->state != CONTAIN_ASKED)
        return;
    buf_putz(b, "\"approval\":{\"id\":\"");
    contain_put_approval(b, rec);
    buf_putz(b, "\",\"invoke\":{\"trailwarden\":{\"action\":\"approve\",\"approval\":\"");
    contain_put_approval(b, rec);
    buf_putz(b, "\"}}},");
}

static void put_json(struct buf *b, const struct contain_record *rec)
{
    buf_putz(b, "{\"type\":\"containment\",\"id\":\"");
    buf_put_hex(b, rec->key.bytes, sizeof rec->key.bytes);
    buf_putf(b, "\",\"updates\":%u,", (unsigned)(rec->due - 1));
    contain_put_state(b, rec);
    put_approval_json(b, rec);
    put_close(b, '}');
}

/* ---- for people ---- */

static void put_step_text(struct buf *b, const struct contain_done *d)
{
    if (d->state == STEP_SKIPPED)
        return;
    buf_putz(b, "  - ");
    contain_put_step(b, &d->step);
    buf_putf(b, ": %s", contain_step_state_name(d->state));
    if (str_present(d->why)) {
        buf_putz(b, " (");
        buf_put_sentence(b, text_cut(d->why, NOTICE_VALUE_MAX));
        buf_putc(b, ')');
    }
    buf_putc(b, '\n');
}

static void put_commands(struct buf *b, const struct contain_record *rec)
{
    if (rec->state == CONTAIN_ASKED) {
        buf_putz(b, "\nTo approve, invoke the function with\n"
                    "  {\"trailwarden\":{\"action\":\"approve\",\"approval\":\"");
        contain_put_approval(b, rec);
        buf_putz(b, "\"}}\nuntil ");
        time_put(b, rec->expires_ms);
        buf_putz(b, ", or type\n  ");
        put_contain(b, rec);
    } else if (contain_state_holds(rec->state)) {
        buf_putz(b, "\nTo give it back:\n  ");
        put_release(b, rec);
    } else if (rec->state != CONTAIN_RELEASED) {
        buf_putz(b, "\nBy hand:\n  ");
        put_contain(b, rec);
    }
    buf_putc(b, '\n');
}

static void put_text_of(struct buf *b, const struct contain_record *rec)
{
    if (rec->alarm)
        buf_putz(b, "Somebody took off what contained the principal. It was put on again; whoever "
                    "did it is still there.\n\n");
    put_who(b, &rec->subject);
    buf_putc(b, ' ');
    buf_putz(b, words[rec->state].sentence);
    buf_putz(b, ".\n");
    if (str_present(rec->reason)) {
        buf_putz(b, "Why: ");
        buf_put_sentence(b, text_cut(rec->reason, NOTICE_VALUE_MAX));
        buf_putz(b, ".\n");
    }
    if (str_present(rec->rule_title)) {
        buf_putz(b, "Rule: ");
        buf_put_terminal(b, text_cut(rec->rule_title, NOTICE_VALUE_MAX));
        buf_putc(b, '\n');
    }
    if (str_present(rec->by)) {
        buf_putz(b, "Ordered by: ");
        buf_put_terminal(b, text_cut(rec->by, NOTICE_VALUE_MAX));
        buf_putc(b, '\n');
    }
    for (size_t i = 0; i < rec->n_steps; i++)
        put_step_text(b, rec->steps + i);
    put_commands(b, rec);
}

static bool render_text(const struct contain_record *rec, struct rendered *r)
{
    struct buf draft;
    buf_init(&draft, MESSAGE_TEXT_WIRE_MAX);
    put_text_of(&draft, rec);
    bool fits = !draft.failed && rendered_take_text(r, &draft);
    buf_release(&draft);
    return fits;
}

static void render_subject(const struct contain_record *rec, struct buf *b)
{
    const struct subject *s = &rec->subject;
    put_level(b, level_of(rec), false);
    buf_putc(b, ' ');
    buf_putz(b, rec->alarm ? "Containment was taken off" : words[rec->state].title);
    buf_putf(b, ": %s ", subject_kind_name(s->kind));
    rendered_put_ascii(b, s->kind == SUBJECT_KEY ? s->key : s->name, 28);
    buf_putz(b, " - ");
    rendered_put_ascii(b, s->account, 12);
}

bool contain_notice(const struct contain_record *rec, struct rendered *r, struct err *e)
{
    rendered_begin(r);
    put_json(&r->json, rec);
    bool fits = rendered_json_fits(r) && render_text(rec, r);
    render_subject(rec, &r->subject);
    buf_put_hex(&r->values, rec->key.bytes, sizeof rec->key.bytes);
    struct str kept = str_n(r->values.p, r->values.n);
    rendered_add(r, "type", S("containment"));
    rendered_add(r, "level", str_of(level_name(level_of(rec))));
    rendered_add(r, "account", rec->subject.account);
    rendered_add(r, "state", str_of(contain_state_name(rec->state)));
    r->message.updates = rec->due - 1;
    r->message.account = rec->subject.account;
    return rendered_end(r, fits, kept, "notice", e);
}
