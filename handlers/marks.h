/* Who counts as compromised because a person said so: one item of the state, a JSON array of marks.
 *
 *   [{"principal":"arn:...","marked":true,"at":"...","by":"arn:...","reason":"..."}]
 *
 * A mark that was taken back stays, so that one sees who did it, until there is no room. */
#ifndef TW_HANDLERS_MARKS_H
#define TW_HANDLERS_MARKS_H

#include "base/arena.h"
#include "handlers/state.h"

/* Marks that are kept. An item of DynamoDB has 400 KB; a mark at most 1,200 bytes. */
#define MARKS_MAX       250
#define MARKS_BYTES     (380u << 10)
#define MARK_TEXT_MAX   500 /* bytes of a reason, and of a name */
#define MARKS_KEPT_MS   (400 * 86400000LL)
#define MARKS_KEY_BYTES "compromised-mark" /* the 16 bytes of the item's key */

struct mark {
    struct str principal;  /* an ARN */
    struct str by, reason; /* absent when nobody said */
    bool marked;           /* false: it was taken back */
    int64_t at_ms;
};

struct marks {
    struct arena memory;
    struct mark list[MARKS_MAX]; /* the newest first */
    size_t n;
};

void marks_init(struct marks *m);
void marks_release(struct marks *m);

/* Reads all. ERR_INPUT when the item is none of ours. */
TW_MUST_USE bool marks_read(struct marks *m, const struct port_state *state, struct err *e);
/* Puts the mark in the place of the principal's former one. ERR_USAGE for a principal that is no
 * ARN, or a text beyond MARK_TEXT_MAX. */
TW_MUST_USE bool marks_set(const struct port_state *state, const struct mark *mark, struct err *e);
/* The mark of the principal, NULL when there never was one. */
const struct mark *marks_find(const struct marks *m, struct str principal);

/* Appends {"principal":...} as above. */
void mark_put_json(struct buf *b, const struct mark *mark);

/* Obeys {"action":"compromised","principal":"arn:...","marked":false,"by":"...","reason":"..."},
 * where marked may be left out, and answers {"ok":true,"mark":{...}}. */
TW_MUST_USE bool marks_order(const struct port_state *state, struct str order, int64_t now_ms,
                             struct buf *answer, struct err *e);

#endif
