/* Stories to be shared outside: who and where it was is replaced by numbers, what was done stays.
 *
 *   account ids         000000000001 ...
 *   access keys, ids    AKIA, ASIA, AIDA, AROA, i-, sg-, ... and a number
 *   addresses           2001:db8::1 ..., which is for documentation; names of services stay
 *   names               each part of an ARN or a target that is not AWS's own word: name-1 ...
 *
 * The same text has the same number throughout. Records are left out whole. Calls, times, regions,
 * user agents, event ids and the rules' own texts stay: they tell the method, and a user agent
 * tells the tool. Pure. */
#ifndef TW_RESPOND_VEIL_H
#define TW_RESPOND_VEIL_H

#include "respond/story.h"

/* Different texts that get a number, and bytes of what is written for them. Beyond it a text
 * becomes "redacted". */
#define VEIL_TEXTS_MAX (1u << 20)
#define VEIL_BYTES_MAX (256u << 20)

struct veil {
    struct lineage_map known; /* text -> its number */
    uint32_t numbers;
    struct arena bytes;
};

void veil_init(struct veil *v);
void veil_release(struct veil *v);

/* Replaces what the incidents of x are told from; before they are made (stories_take). The texts
 * are v's. */
void veil_incidents(struct veil *v, struct incidents *x);

/* Replaces what the steps and files say, and drops the records; after stories_end. */
void veil_stories(struct veil *v, struct stories *s);

/* What a text of one kind becomes. */
struct str veil_account(struct veil *v, struct str s);
struct str veil_address(struct veil *v, struct str s);
struct str veil_name(struct veil *v, struct str s);

#endif
