/* What somebody says of the logs, where they do not show it themselves. */
#ifndef TW_HANDLERS_SAID_H
#define TW_HANDLERS_SAID_H

#include "engine/source.h"

/* Borrowed. All zero: nothing is said. */
struct log_said {
    bool has_source; /* JSON records are of `source`, whatever they hold; else they tell it */
    enum source source;
    struct str flow_format; /* columns of flow logs without a header, blanks between their names;
                               absent: the default format */
};

#endif
