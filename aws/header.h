/* One HTTP header, as requests carry it. */
#ifndef TW_AWS_HEADER_H
#define TW_AWS_HEADER_H

#include "base/str.h"

/* name without the colon, in any case; value without line ends. Both borrowed. */
struct header {
    struct str name;
    struct str value;
};

#endif
