/* The fields of Falco's ka class. */
#include "engine/falco_slots.h"

const struct falco_field *falco_ka_fields(size_t *n)
{
    *n = 0;
    return NULL;
}
