/* What would have kept a technique from working: one sentence for each technique of ATT&CK that the
 * shipped rules see. The story's ATT&CK strip shows them as a check list for afterwards. */
#ifndef TW_RESPOND_PREVENTION_H
#define TW_RESPOND_PREVENTION_H

#include "base/str.h"

/* The sentence for "T1136.003"; of a sub-technique without one its technique's; absent when there
 * is none. A constant. */
struct str prevention_of(struct str technique);

#endif
