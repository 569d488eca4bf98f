/* What the parts of containment share. Inner part of handlers/contain.h. */
#ifndef TW_HANDLERS_CONTAIN_WORK_H
#define TW_HANDLERS_CONTAIN_WORK_H

#include "handlers/contain.h"
#include "handlers/contain_proofs.h"

/* Why somebody is to be contained: an alert, or an order. Strings lie in the container. */
struct contain_cause {
    struct str alert, rule, rule_title;
    enum level level;
    bool has_event;
    struct facts event; /* the alert's first, or when that proves nobody its last that does;
                           evidence is its id */
    struct id128 node;  /* who acted; (0, 0): not known */
    int64_t since_ms;   /* from when on what he made is his */
    bool follows;       /* whom he made and became is contained, too */
    const char *unsure; /* contain_ask.unsure */
    /* Of orders. */
    bool asked; /* a person decides */
    bool has_strategy, dry_run;
    enum contain_strategy strategy;
    struct str target, by, incident;
};

struct contain_target {
    struct subject subject;
    enum contain_how how;
};

struct contain_targets {
    struct contain_target list[CONTAIN_SUBJECTS_MAX];
    size_t n;
    bool cut;
};

struct container {
    struct contain_setup setup;
    struct ports ports;
    struct contain_calls calls;
    struct contain_counts counts;
    struct arena memory;     /* of the present delivery or order */
    struct arena own_memory; /* of own */
    struct contain_own own;
    struct str own_arn;
    bool own_known;
    struct iam_answer answer; /* of the last call */
    struct delivery delivery;
    struct vec causes;            /* struct contain_cause: alerts of this delivery */
    struct contain_proofs proofs; /* of this delivery */
    int64_t look_ms;              /* when open records are looked at again */
    bool may_be_open;             /* records were opened since they were looked at */
};

static inline int64_t contain_now(const struct container *c)
{
    return c->ports.clock.now_ms(c->ports.clock.self);
}

/* Whether there is time to begin something. */
bool contain_has_time(const struct container *c);

/* For the log; the sentence is cut at ERR_TEXT_MAX. */
void contain_note(const struct container *c, const struct subject *s, const char *sentence);

bool contain_no_memory(struct err *e);

/* ---- calls (contain_look.c) ---- */

/* In whose account and by which role the principal is acted on. */
struct iam_at contain_at(const struct container *c, const struct subject *s);

/* Makes a call on the principal; c->answer has the answer. Writes are noted in rec when it is not
 * NULL. False: why says how it failed. */
bool contain_call(struct container *c, struct contain_record *rec, const struct subject *s,
                  struct iam_call call, struct err *why);

/* Asks IAM who the principal is. IAM_OK: live is set (not found is an answer, too); strings lie in
 * c->memory. Else nothing could be found out, and why says so. */
enum iam_result contain_live(struct container *c, const struct subject *s,
                             struct contain_live *live, struct err *why);

/* Fills rec->before, and of each step what was in its place (was, keys). A step whose place cannot
 * be seen fails: what could not be put back is not done. */
void contain_image(struct container *c, struct contain_record *rec);

/* ---- steps (contain_act.c) ---- */

/* Makes what is to be made of the steps, from the first on, and reads it back. *stopped: the kill
 * switch, or the end of the invocation, came in between. False when the state cannot be read. */
TW_MUST_USE bool contain_make_steps(struct container *c, struct contain_record *rec, bool *stopped,
                                    struct err *e);

/* Reads back the steps that were made. When they are `fresh`, only what is seen is noted: IAM may
 * not show it yet. Later, those of which nothing is left become TODO; *gone is their number, not
 * counting those that were never seen and are younger than IAM takes to show them. False when IAM
 * cannot be asked: nothing is known then, and why says so. */
bool contain_read_back(struct container *c, struct contain_record *rec, bool fresh, size_t *gone,
                       struct err *why);

/* What the steps have come to: CONTAINED, PARTLY or FAILED. */
enum contain_state contain_outcome_of(const struct contain_record *rec);

/* Takes the steps back, last first. True when each is UNDONE, SKIPPED or KEPT. */
bool contain_undo_steps(struct container *c, struct contain_record *rec, bool force,
                        bool keep_keys);

/* VERB_DELETE_USER and VERB_ROTATE_KEY (contain_command.c). */
bool contain_delete_user(struct container *c, struct contain_record *rec, struct contain_done *d,
                         struct err *why);
bool contain_rotate_key(struct container *c, struct contain_record *rec, struct contain_done *d,
                        struct err *why);

/* ---- whom (contain_gather.c) ---- */

/* Who acted, and whom he made and became. */
TW_MUST_USE bool contain_gather(struct container *c, const struct contain_cause *cause,
                                struct contain_targets *out, struct err *e);
/* Those who acted in an incident, and whom they made and became; of those who acted also whom IAM
 * cannot contain: root, a service, a person of another identity provider. */
TW_MUST_USE bool contain_gather_incident(struct container *c, const struct contain_order *order,
                                         struct contain_targets *out, struct err *e);

/* ---- one principal (contain_decide.c) ---- */

/* The plan as far as the state knows: for a forecast, which asks IAM only in a dry run. */
TW_MUST_USE bool contain_forecast(struct container *c, const struct contain_cause *cause,
                                  const struct contain_target *t, struct contain_plan *out,
                                  struct err *e);

/* Plans and acts. out lies in c->memory. */
TW_MUST_USE bool contain_one(struct container *c, const struct contain_cause *cause,
                             const struct contain_target *t, struct contain_outcome *out,
                             struct err *e);

/* ---- its record (contain_settle.c) ---- */

/* A record in c->memory; NULL when that is full. */
struct contain_record *contain_record_new(struct container *c);

/* Leases it to this delivery and writes it: *mine unless another has it, or was first. */
TW_MUST_USE bool contain_lease(struct container *c, struct contain_record *rec, bool *mine,
                               struct err *e);

/* Writes a record that is leased to us. ERR_RETRY: another wrote it in between. */
TW_MUST_USE bool contain_write(struct container *c, struct contain_record *rec, struct err *e);

/* Tells what is due and writes that it was told. Without anybody to tell, whoever ordered it reads
 * what came of it. */
TW_MUST_USE bool contain_tell_due(struct container *c, struct contain_record *rec, struct err *e);

/* When another attempt may be made: the cooldown after the last; 0: no more. */
int64_t contain_next_attempt(const struct container *c, const struct contain_record *rec);

/* Writes what came of it, gives the lease back, tells what is due. `news`: also when the state is
 * what was said last. */
TW_MUST_USE bool contain_settle(struct container *c, struct contain_record *rec,
                                enum contain_state state, bool news, struct err *e);

/* Makes the steps of a record that is ours, and settles it. */
TW_MUST_USE bool contain_act(struct container *c, struct contain_record *rec, bool news,
                             struct err *e);

/* ---- later (contain_after.c) ---- */

/* Goes on with a record that is open: as far as is due. */
TW_MUST_USE bool contain_look_after(struct container *c, struct contain_record *rec, struct err *e);

/* Whether a record has to be looked at by now. */
bool contain_is_due(const struct contain_record *rec, int64_t now_ms);

/* Takes a record's steps back: RELEASING, the steps, RELEASED or still RELEASING. */
TW_MUST_USE bool contain_release(struct container *c, struct contain_record *rec, bool force,
                                 bool keep_keys, struct err *e);

#endif
