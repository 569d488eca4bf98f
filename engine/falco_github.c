/* The fields of Falco's github class. */
#include "engine/falco_slots.h"

const struct falco_field *falco_github_fields(size_t *n)
{
    *n = 0;
    return NULL;
}
