/* Frozen rules: names of their enumerations, and giving them back. */
#include "engine/ruleset.h"

#include <stdlib.h>

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

#define TABLE(rows, n, type)                                                                       \
    {                                                                                              \
        offsetof(struct ruleset, rows), offsetof(struct ruleset, n), sizeof(type)                  \
    }

const struct rs_table *ruleset_tables(size_t *n)
{
    static const struct rs_table tables[] = {
        TABLE(rules, n_rules, struct rs_rule),
        TABLE(nodes, n_nodes, struct rs_node),
        TABLE(preds, n_preds, struct rs_pred),
        TABLE(values, n_values, struct rs_value),
        TABLE(terms, n_terms, struct rs_term),
        TABLE(slots, n_slots, struct rs_slot),
        TABLE(steps, n_steps, struct rs_step),
        TABLE(regexes, n_regexes, struct rs_regex),
        TABLE(outputs, n_outputs, struct rs_output),
        TABLE(windows, n_windows, struct rs_window),
        TABLE(inputs, n_inputs, struct rs_input),
        TABLE(texts, n_texts, struct rs_text),
        TABLE(numbers, n_numbers, uint32_t),
        TABLE(text, n_text, char),
        TABLE(index.slots, index.n_slots, struct rs_index_slot),
        TABLE(index.entries, index.n_entries, struct rs_index_entry),
        TABLE(index.rules, index.n_rules, uint32_t),
        TABLE(index.always, index.n_always, uint32_t),
        TABLE(index.text, index.n_text, char),
    };
    *n = sizeof tables / sizeof *tables;
    return tables;
}

void ruleset_free(struct ruleset *rs)
{
    size_t n;
    const struct rs_table *tables = ruleset_tables(&n);
    if (!rs)
        return;
    for (size_t i = 0; i < n && !rs->release; i++) {
        void *rows;
        memcpy(&rows, (const char *)rs + tables[i].rows, sizeof rows);
        free(rows);
    }
    if (rs->release)
        rs->release(rs->bytes, rs->n_bytes);
    free(rs);
}

struct str rs_value_name(const struct ruleset *rs, const struct rs_input *in, uint32_t i)
{
    uint32_t at = rs->numbers[in->values.first + i];
    return in->child == RS_NONE ? rs_str(rs, rs->slots[at].path)
                                : rs_list_str(rs, rs->windows[in->child].key_names, at);
}
