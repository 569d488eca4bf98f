/* Events of one delivery that prove who made them: for alerts whose first event proves nobody, as a
 * failed sign-in. Of events that other deliveries saw nothing is known. Inner part of
 * handlers/contain.h. */
#ifndef TW_HANDLERS_CONTAIN_PROOFS_H
#define TW_HANDLERS_CONTAIN_PROOFS_H

#include "base/vec.h"
#include "respond/alert.h"
#include "respond/lineage_map.h"

/* Events of a delivery that rules hold for, some 500 bytes each, for a Lambda of 128 MB. Of more,
 * nothing is known: whoever is not proved is not contained. */
#define CONTAIN_PROOFS_MAX      4096
#define CONTAIN_PROOF_BYTES_MAX (4u << 20)

struct contain_proof {
    struct facts facts; /* evidence is its id */
    struct id128 node;  /* who acted; (0, 0): not known */
};

struct contain_proofs {
    struct vec list; /* struct contain_proof */
    struct lineage_map at;
    struct arena memory;
};

void contain_proofs_init(struct contain_proofs *p);
void contain_proofs_release(struct contain_proofs *p);
/* Forgets all. */
void contain_proofs_begin(struct contain_proofs *p);

/* Takes an event, when it proves anybody and there is room. */
void contain_proofs_see(struct contain_proofs *p, struct event *ev, const struct facts *f);

/* The alert's last event that was taken; NULL: none was. */
const struct contain_proof *contain_proofs_last(const struct contain_proofs *p,
                                                const struct alert *a);

/* Copies facts into the arena; without geography. False when it is full. */
TW_MUST_USE bool contain_keep_facts(struct arena *a, const struct facts *from, struct facts *to);

#endif
