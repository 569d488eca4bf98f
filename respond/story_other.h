/* What steps of other logs than CloudTrail say: the paths are those of engine/source.c's tables,
 * and of the logs' own descriptions named there. */
#ifndef TW_RESPOND_STORY_OTHER_H
#define TW_RESPOND_STORY_OTHER_H

#include "respond/story_step.h"

/* What an event of the source that is called so did. A flow, a sign-in and an evaluation of a
 * policy change nothing, and count as reading. */
enum story_access story_other_access(enum source source, struct str name);

#endif
