/* Frozen rules: names of their enumerations, and giving them back. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/ruleset.h"

#include <pcre2.h>
#include <stdlib.h>

#include "engine/index.h"

static const char *const level_names[] = {"informational", "low", "medium", "high", "critical"};

const char *level_name(enum level level)
{
    return level_names[level];
}

bool level_parse(struct str name, enum level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (str_eqz(name, level_names[i])) {
            *out = (enum level)i;
            return true;
        }
    return false;
}

const char *dialect_name(enum dialect dialect)
{
    return dialect == DIALECT_SIGMA ? "sigma" : "falco";
}

const char *source_name(enum source source)
{
    static const char *const names[SOURCES] = {[SOURCE_CLOUDTRAIL] = "cloudtrail"};
    return names[source];
}

void ruleset_free(struct ruleset *rs)
{
    if (!rs)
        return;
    for (uint32_t i = 0; rs->regex_codes && i < rs->n_regexes; i++)
        pcre2_code_free(rs->regex_codes[i]);
    const void *const tables[] = {rs->windows, rs->inputs, rs->rules,   rs->nodes, rs->preds,
                                  rs->values,  rs->terms,  rs->slots,   rs->steps, rs->regexes,
                                  rs->outputs, rs->texts,  rs->numbers, rs->text,  rs->regex_codes};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        free((void *)(uintptr_t)tables[i]);
    index_free((struct rs_index *)(uintptr_t)rs->index);
    free(rs);
}

struct str rs_value_name(const struct ruleset *rs, const struct rs_input *in, uint32_t i)
{
    uint32_t at = rs->numbers[in->values.first + i];
    return in->child == RS_NONE ? rs_str(rs, rs->slots[at].path)
                                : rs_list_str(rs, rs->windows[in->child].key_names, at);
}
