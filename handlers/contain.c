/* The container: who it is to IAM, and its life. What it does lies in contain_*.c. */
#include "handlers/contain.h"

#include <stdlib.h>

#include "base/escape.h"
#include "handlers/contain_work.h"

bool contain_no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to contain anybody");
}

bool contain_has_time(const struct container *c)
{
    return c->ports.clock.left_ms(c->ports.clock.self) >= CONTAIN_MARGIN_MS;
}

void contain_note(const struct container *c, const struct subject *s, const char *sentence)
{
    struct buf who;
    struct err text;
    if (!c->calls.note)
        return;
    buf_init(&who, ERR_TEXT_MAX);
    buf_put_terminal(&who, s->kind == SUBJECT_KEY ? s->key : s->name);
    const char *name = buf_z(&who);
    err_set(&text, ERR_NONE, "containing %.128s: %s", name ? name : "somebody", sentence);
    c->calls.note(c->calls.to, text.text);
    buf_release(&who);
}

bool container_own(struct container *c, const struct contain_own **out, struct err *e)
{
    struct subject me;
    struct iam_call call = {.action = IAM_GET_CALLER_IDENTITY};
    *out = &c->own;
    if (c->own_known)
        return true;
    if (!c->ports.iam.call)
        return err_set(e, ERR_USAGE, "nothing is there to contain with");
    if (!c->ports.iam.call(c->ports.iam.self, &call, &c->answer, e))
        return false;
    arena_reset(&c->own_memory);
    struct str arn = arena_str(&c->own_memory, c->answer.arn), id = c->answer.id;
    struct str rest = arn;
    str_cut(&rest, ':');
    subject_of_arn(arn, &me);
    c->own_arn = arn;
    c->own = (struct contain_own){.partition = str_cut(&rest, ':'),
                                  .account = arena_str(&c->own_memory, c->answer.account),
                                  .id = arena_str(&c->own_memory, str_cut(&id, ':')),
                                  .name = me.name};
    c->own_known = str_present(c->own.account) && str_present(c->own.id);
    return c->own_known || contain_no_memory(e);
}

struct container *container_new(const struct contain_setup *setup, const struct ports *ports,
                                struct contain_calls calls, struct err *e)
{
    struct container *c = calloc(1, sizeof *c);
    if (!c) {
        contain_no_memory(e);
        return NULL;
    }
    c->setup = *setup;
    c->ports = *ports;
    c->calls = calls;
    c->may_be_open = true;
    arena_init(&c->memory, CONTAIN_MEMORY_MAX);
    arena_init(&c->own_memory, 4096);
    iam_answer_init(&c->answer);
    vec_init(&c->causes, sizeof(struct contain_cause), CONTAIN_ALERTS_MAX);
    contain_proofs_init(&c->proofs);
    return c;
}

void container_free(struct container *c)
{
    if (!c)
        return;
    arena_release(&c->memory);
    arena_release(&c->own_memory);
    iam_answer_release(&c->answer);
    vec_release(&c->causes);
    contain_proofs_release(&c->proofs);
    free(c);
}

const struct contain_counts *container_counts(const struct container *c)
{
    return &c->counts;
}

void container_begin(struct container *c, const struct delivery *d)
{
    c->delivery = *d;
    c->causes.n = 0;
    arena_reset(&c->memory);
    contain_proofs_begin(&c->proofs);
}

void container_see(struct container *c, struct event *ev, const struct facts *f)
{
    contain_proofs_see(&c->proofs, ev, f);
}

bool container_stop(struct container *c, bool stop, struct err *e)
{
    return contain_stop_write(&c->ports.state, stop, contain_now(c), e);
}

bool container_stopped(struct container *c, bool *stopped, struct err *e)
{
    return contain_stopped(&c->ports.state, stopped, e);
}
