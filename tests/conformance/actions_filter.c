/* The mapping of calls to permissions as a filter: a line "SOURCE EVENT" in, one out: the actions,
 * "none" when it needs none, "unknown" when there is none known; a line "? TEXT" gives the action
 * that an access-denied text names, or "none". */
#include <stdio.h>

#include "respond/actions.h"

#define LINE_BYTES 65536

static void answer(struct str line)
{
    struct buf b;
    struct str rest = line;
    struct str source = str_cut(&rest, ' ');
    buf_init(&b, 8 * ACTION_MAX);
    if (str_eqz(source, "?"))
        buf_put(&b, actions_named(rest));
    else if (!actions_put(&b, source, rest, false))
        buf_putz(&b, "unknown");
    printf("%s\n", b.n ? buf_z(&b) : "none");
    buf_release(&b);
}

int main(void)
{
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin))
        answer(str_trim(str_of(line)));
    return 0;
}
