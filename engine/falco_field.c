/* Finds fields in the tables of their sources. A row's number is that of its table and its place in
 * it, so that a table may grow without moving the rows of others. */
#include "engine/falco_field.h"

#include "engine/falco_slots.h"

#define TABLE_ROWS 4096 /* at most, of one table: ka.* has 100 */

typedef const struct falco_field *table_fn(size_t *n);
static const struct {
    table_fn *rows;
    bool common; /* of every source */
    enum source source;
} tables[] = {
    {falco_common_fields, true, SOURCE_CLOUDTRAIL}, {falco_ct_fields, false, SOURCE_CLOUDTRAIL},
    {falco_okta_fields, false, SOURCE_OKTA},        {falco_github_fields, false, SOURCE_GITHUB},
    {falco_ka_fields, false, SOURCE_K8S_AUDIT},
};
#define TABLES (sizeof tables / sizeof *tables)

bool falco_field_find(enum source source, struct str name, uint32_t *row)
{
    for (size_t t = 0; t < TABLES; t++) {
        size_t n;
        const struct falco_field *rows = tables[t].rows(&n);
        for (size_t i = 0; i < n && (tables[t].common || tables[t].source == source); i++)
            if (str_eqz(name, rows[i].name)) {
                *row = (uint32_t)(t * TABLE_ROWS + i);
                return true;
            }
    }
    return false;
}

const struct falco_field *falco_field_at(uint32_t row)
{
    size_t n;
    return tables[row / TABLE_ROWS].rows(&n) + row % TABLE_ROWS;
}

bool falco_field_is(uint32_t row)
{
    size_t n = 0;
    if (row / TABLE_ROWS < TABLES)
        tables[row / TABLE_ROWS].rows(&n);
    return row % TABLE_ROWS < n;
}
