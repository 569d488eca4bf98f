/* The operators of Falco's condition language, and the words that let one take a list. */
#include "engine/falco_scan.h"

struct op_row {
    const char *word;
    enum falco_op op;
    bool blank; /* a blank must follow */
};

/* Each table in the order in which its words are tried. */
static const struct op_row number_ops[] = {{"<=", FALCO_LE, false},
                                           {"<", FALCO_LT, false},
                                           {">=", FALCO_GE, false},
                                           {">", FALCO_GT, false}};
static const struct op_row text_ops[] = {{"==", FALCO_EQ, false},
                                         {"=", FALCO_EQ, false},
                                         {"!=", FALCO_NE, false},
                                         {"glob", FALCO_GLOB, true},
                                         {"iglob", FALCO_IGLOB, true},
                                         {"contains", FALCO_CONTAINS, true},
                                         {"icontains", FALCO_ICONTAINS, true},
                                         {"bcontains", FALCO_BCONTAINS, true},
                                         {"startswith", FALCO_STARTSWITH, true},
                                         {"bstartswith", FALCO_BSTARTSWITH, true},
                                         {"endswith", FALCO_ENDSWITH, true},
                                         {"regex", FALCO_REGEX, true}};
static const struct op_row list_ops[] = {{"intersects", FALCO_INTERSECTS, false},
                                         {"in", FALCO_IN, false},
                                         {"pmatch", FALCO_PMATCH, false}};
#define ROWS(table) (sizeof(table) / sizeof *(table))

static const struct {
    const struct op_row *rows;
    size_t n;
} tables[] = {[FALCO_OF_NUMBERS] = {number_ops, ROWS(number_ops)},
              [FALCO_OF_TEXTS] = {text_ops, ROWS(text_ops)},
              [FALCO_OF_LISTS] = {list_ops, ROWS(list_ops)}};

static const char *const modifiers[] = {
    [FALCO_ONEOF] = "oneof", [FALCO_ANYOF] = "anyof", [FALCO_ALLOF] = "allof"};

bool falco_take_op(struct falco_scan *p, enum falco_op_kind kind, enum falco_op *op)
{
    for (size_t i = 0; i < tables[kind].n; i++) {
        const struct op_row *row = tables[kind].rows + i;
        size_t from = p->at;
        if (falco_take(p, row->word) && (!row->blank || falco_take_blanks(p))) {
            *op = row->op;
            return true;
        }
        p->at = from;
    }
    return false;
}

bool falco_take_modifier(struct falco_scan *p, enum falco_modifier *out)
{
    size_t from = p->at;
    for (int m = FALCO_ONEOF; m <= FALCO_ALLOF; m++) {
        bool list = falco_take(p, modifiers[m]) && falco_take_blanks(p) && falco_list_follows(p);
        if (list) {
            *out = (enum falco_modifier)m;
            return true;
        }
        p->at = from;
    }
    return false;
}

static bool find_op(enum falco_op_kind kind, struct str word, enum falco_op *op)
{
    for (size_t i = 0; i < tables[kind].n; i++) {
        if (str_eqz(word, tables[kind].rows[i].word)) {
            *op = tables[kind].rows[i].op;
            return true;
        }
    }
    return false;
}

static bool find_modifier(struct str word, enum falco_modifier *out)
{
    for (int m = FALCO_ONEOF; m <= FALCO_ALLOF; m++) {
        if (str_eqz(word, modifiers[m])) {
            *out = (enum falco_modifier)m;
            return true;
        }
    }
    return false;
}

bool falco_operator_parse(struct str text, enum falco_op *op, enum falco_modifier *modifier,
                          bool *takes_list)
{
    text = str_trim(text);
    size_t blank = str_find_byte(text, ' ', 0);
    struct str word = str_slice(text, 0, blank), second = str_trim(str_skip(text, word.n));
    *modifier = FALCO_PLAINLY;
    *takes_list = second.n > 0;
    if (second.n)
        return find_op(FALCO_OF_TEXTS, word, op) && find_modifier(second, modifier);
    *takes_list = find_op(FALCO_OF_LISTS, word, op);
    if (*takes_list || find_op(FALCO_OF_TEXTS, word, op) || find_op(FALCO_OF_NUMBERS, word, op))
        return true;
    *op = FALCO_EXISTS;
    return str_eqz(word, "exists");
}

const char *falco_op_name(enum falco_op op)
{
    if (op == FALCO_EQ)
        return "="; /* rather than `==` */
    for (size_t t = 0; t < ROWS(tables); t++)
        for (size_t i = 0; i < tables[t].n; i++)
            if (tables[t].rows[i].op == op)
                return tables[t].rows[i].word;
    return "exists";
}
