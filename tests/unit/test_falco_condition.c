/* engine/falco_condition.c: what the grammar takes and refuses. Marked U: Falco's own unit tests
 * (libs, filter_parser.ut.cpp) say so; X: the real engine was run on it. */
#include "tests/unit/support/check.h"

#include "base/buf.h"
#include "engine/falco_condition.h"

static bool parses(const char *text, struct err *e)
{
    struct arena a;
    const struct falco_expr *x;
    arena_init(&a, 64u << 20);
    bool ok = falco_parse_condition(str_of(text), &a, &x, e);
    arena_release(&a);
    return ok;
}

static const char *const accepted[] = {
    "a.b = not",                       /* U: the value "not" */
    "a and notb",                      /* U: a macro notb */
    "test.op existsand macro",         /* U */
    "x.f in()",                        /* U */
    "not not(a)",                      /* U */
    "(a)and(b)",                       /* U */
    "f.f = 0a!@#456:/\\.;!$%^&*[]{}|", /* U */
    "f.f[+0.25e+10] = a",              /* U */
    "f.f = oneof or g.g exists",       /* U */
    "f.f == oneof oneof",              /* U */
    "x.f in(a)",                       /* X */
    "x.f inabc",                       /* X: in "abc" */
    "a or (b) and c",                  /* X */
    "a and(b) or c",                   /* X */
    "f.f = *.log",
    "f.f = /a?b",
    "f.f = system:x",
    "f.f[\"\"] exists",
    "f.f['a b'] exists",
    "f.f == \"\"",
    "f.f = 'a\\'b'",
    "f.f = \"a\\\"b\\x41\\/\\\\\\b\\f\\n\\r\\t\"",
    "f.f = \"a\\ b\"", /* X: one backslash, the blank is lost */
    "f.f in (a, 'b c',\"d\" ,e)",
    "f.f in ( )",
    "f.f in val(g.h)",
    "f.f = val( g.h )",
    "f.f = tolower(g.h)",
    "tolower(toupper(f.g)) = x",
    "join(\",\", (f.g, \"x\", 1)) = x",
    "concat(f.g, \"x\") exists",
    "getopt(f.g, \"ab:\")[b] = x",
    "f.f < 12",
    "f.f >= -1.5e+10",
    "f.f > 0x1F",
    "f.f > tolower(g.h)",
    "f.f contains oneof (a, b)",
    "f.f = anyof mylist",
    "f.f != allof (a)",
    "f.f startswith\tx",
    "f.f regex 'a.*'",
    "f.f pmatch (/etc)",
    "f.f bcontains 0a",
    " \t\b\r\na \n",
    "okta.actor.Type exists",
    "not\tnot a",
};

static const struct {
    const char *text;
    const char *why;
} refused[] = {
    {"", "expected a field, a macro, or ("},
    {"a andb", "expected a blank or ( behind the keyword"},       /* U */
    {"a not b", "expected 'and' or 'or'"},                        /* U */
    {"f.f = a,", "expected 'and' or 'or'"},                       /* U */
    {"f.f = a=", "expected 'and' or 'or'"},                       /* U */
    {"f.f in (a,)", "expected a value behind the comma"},         /* U */
    {"f.f === v", "expected a value"},                            /* U */
    {"f.f exists v", "expected 'and' or 'or'"},                   /* U */
    {"f.f = (a)", "expected a value"},                            /* U */
    {"f.f = b64 (g.h)", "expected 'and' or 'or'"},                /* U */
    {"f.f in (b64(g.h))", "expected a comma or )"},               /* U */
    {"val(f.g) = x", "expected 'and' or 'or'"},                   /* U */
    {"f.f = val(toupper(g.h))", "expected a field inside val()"}, /* U */
    {"f.f == oneof(a)", "expected 'and' or 'or'"},                /* U */
    {"f.f > oneof (1)", "expected a number"},                     /* U */
    {"m > 12", "expected 'and' or 'or'"},                         /* U */
    {"f.f[ x ] = y", "must be a quoted or a bare string"},        /* U */
    {"a or(b) and c", "expected 'and' or 'or'"},                  /* X */
    {"f.f in (a b)", "expected a comma or )"},                    /* X */
    {"f.f containsx", "expected an operator"},                    /* X */
    {"NOT a", "expected 'and' or 'or'"},                          /* X */
    {"a AND b", "expected 'and' or 'or'"},
    {"# a", "expected a field"}, /* X: no comments */
    {"a # b", "expected 'and' or 'or'"},
    {"f.f[] exists", "must be a quoted or a bare string"}, /* X */
    {"f.f[a exists", "expected ]"},
    {"f.f = \"a\\\\\"", "expected a value"}, /* X: no value can end in a backslash */
    {"f.f = \"abc", "expected a value"},
    {"f.f = \"\\q\"", "an escape Falco lacks"},
    {"f.f = \"\\'\"", "an escape Falco lacks"},
    {"f.f = '\\\"'", "an escape Falco lacks"},
    {"f.f = \"\\x4\"", "an escape Falco lacks"},
    {"f.f = \"\\x00\"", "a NUL byte"}, /* X */
    {"f.f = oneof (a) b", "expected 'and' or 'or'"},
    {"f.f", "expected an operator, but the text ends"},
    {"f.f =", "expected a value or a field with a transformer, but the text ends"},
    {"(a", "expected ), but the text ends"},
    {"a)", "expected 'and' or 'or'"},
    {"a or", "expected a blank or ( behind the keyword"},
    {"a and ", "expected a field"},
    {"tolower() = x", "expected a field, a transformer"},
    {"tolower (f.g) = x", "expected 'and' or 'or'"},
    {"f.f in val(g.h)[1]", "val() takes no argument"},
    {"_a", "expected a field"},
    {"f..g = x", "expected 'and' or 'or'"},
    {"f.1 = x", "expected 'and' or 'or'"},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct err e = {0};
        if (!parses(accepted[i], &e))
            fail_msg("%s: %s", accepted[i], e.text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct err e = {0};
        check_false(refused[i].text, parses(refused[i].text, &e));
        if (!strstr(e.text, refused[i].why))
            fail_msg("%s: expected: %s\nsaid: %s", refused[i].text, refused[i].why, e.text);
        check_int(refused[i].text, e.kind, ERR_INPUT);
    }
}

static bool nested(size_t n)
{
    struct buf b;
    struct err e;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < n; i++)
        buf_putc(&b, '(');
    buf_putz(&b, "a.b = c");
    for (size_t i = 0; i < n; i++)
        buf_putc(&b, ')');
    bool ok = parses(buf_z(&b), &e);
    buf_release(&b);
    return ok;
}

/* X: 198 nested parentheses are the most. */
static void test_depth(void **state)
{
    (void)state;
    check_true("198", nested(198));
    check_false("199", nested(199));
    check_false("100000", nested(100000));
}

/* Precedence, grouping and what the tree holds. */
static void test_tree(void **state)
{
    struct arena a;
    const struct falco_expr *x;
    struct err e;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_true(falco_parse_condition(S("a and not b or f.g[x]!=anyof"), &a, &x, &e));
    assert_int_equal(x->kind, FALCO_OR);
    const struct falco_expr *and = x->kids, *check = and->next;
    assert_int_equal(and->kind, FALCO_AND);
    check_str("first macro", and->kids->name, S("a"));
    assert_int_equal(and->kids->next->kind, FALCO_NOT);
    check_str("second macro", and->kids->next->kids->name, S("b"));
    assert_int_equal(check->kind, FALCO_CHECK);
    assert_int_equal(check->op, FALCO_NE);
    assert_int_equal(check->modifier, FALCO_PLAINLY);
    arena_reset(&a);
    assert_true(falco_parse_condition(S("f.g[x] != anyof (1, '2 3')"), &a, &x, &e));
    assert_int_equal(x->modifier, FALCO_ANYOF);
    check_str("field", x->left->name, S("f.g"));
    check_str("argument", x->left->arg, S("x"));
    check_str("first", x->constants->text, S("1"));
    check_str("second", x->constants->next->text, S("2 3"));
    assert_null(x->constants->next->next);
    arena_release(&a);
}

static const struct {
    const char *text;
    int op; /* -1: none */
    enum falco_modifier modifier;
    bool list;
} operators[] = {
    {"=", FALCO_EQ, FALCO_PLAINLY, false},
    {" in ", FALCO_IN, FALCO_PLAINLY, true},
    {"exists", FALCO_EXISTS, FALCO_PLAINLY, false},
    {">=", FALCO_GE, FALCO_PLAINLY, false},
    {"startswith oneof", FALCO_STARTSWITH, FALCO_ONEOF, true},
    {"=  allof", FALCO_EQ, FALCO_ALLOF, true},
    {"in oneof", -1, FALCO_PLAINLY, false},
    {">= anyof", -1, FALCO_PLAINLY, false},
    {"contains someof", -1, FALCO_PLAINLY, false},
    {"is", -1, FALCO_PLAINLY, false},
    {"", -1, FALCO_PLAINLY, false},
};

static void test_operator_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(operators); i++) {
        enum falco_op op;
        enum falco_modifier modifier;
        bool list;
        bool ok = falco_operator_parse(str_of(operators[i].text), &op, &modifier, &list);
        check_int(operators[i].text, ok ? (int)op : -1, operators[i].op);
        if (ok) {
            check_int(operators[i].text, modifier, operators[i].modifier);
            check_int(operators[i].text, list, operators[i].list);
        }
    }
    check_str("name of =", str_of(falco_op_name(FALCO_EQ)), S("="));
    check_str("name of pmatch", str_of(falco_op_name(FALCO_PMATCH)), S("pmatch"));
    check_str("name of exists", str_of(falco_op_name(FALCO_EXISTS)), S("exists"));
}

static void test_item_names(void **state)
{
    (void)state;
    check_true("macro", falco_is_macro_name(S("never_true2")));
    check_false("macro with a dash", falco_is_macro_name(S("my-mac")));
    check_false("macro of a digit", falco_is_macro_name(S("1a")));
    check_false("macro of an underscore", falco_is_macro_name(S("_a")));
    check_true("list", falco_is_list_name(S("a-b.c/d")));
    check_false("list with a blank", falco_is_list_name(S("a b")));
    check_false("empty list name", falco_is_list_name(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),          cmocka_unit_test(test_tree),
        cmocka_unit_test(test_operator_names), cmocka_unit_test(test_item_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
