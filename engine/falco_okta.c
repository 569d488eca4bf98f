/* The fields of Falco's okta class. */
#include "engine/falco_slots.h"

const struct falco_field *falco_okta_fields(size_t *n)
{
    *n = 0;
    return NULL;
}
