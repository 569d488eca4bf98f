/* Walking over one JSON value that comes in pieces and is not worth keeping: too large, or broken.
 */
#ifndef TW_HANDLERS_SKIP_H
#define TW_HANDLERS_SKIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Where the walk stands. All zero is the start, in front of the value's first byte. */
struct skip {
    uint64_t depth;  /* open brackets, of either kind: a broken value need not pair them */
    bool begun;      /* the first byte has been seen */
    bool in_string;  /* between quotes */
    bool in_escape;  /* behind a backslash */
    bool in_scalar;  /* a number or word at depth 0 */
    bool lines;      /* set by the caller: a line that begins with { ends the walk too */
    bool line_start; /* the byte before was a line end */
};

/* Moves *p on. True when the value has ended, *p behind it; false when it takes all bytes up to end
 * and goes on in the next piece. Brackets inside strings do not count. */
bool skip_value(struct skip *s, const char **p, const char *end);

#endif
