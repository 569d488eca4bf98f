/* engine/falco_term.c and falco_compile.c: what a check means for an event. X: the real engine was
 * run on it with fields s="Hello World", l=(Aa,b,c), n=42, num="404", one absent, e="". Here these
 * are made of json.value, ec2.imageids and s3.bytes. */
#include "tests/unit/support/falco_case.h"

#define EVENT                                                                                      \
    "{\"s\":\"Hello World\",\"num\":\"404\",\"e\":\"\",\"path\":\"/usr/lib/x.so\","                \
    "\"b\":\"aGVsbG8=\",\"nopad\":\"aGVsbG8\",\"ip\":\"10.1.2.3\",\"nul\":null,"                   \
    "\"additionalEventData\":{\"bytesTransferredIn\":42},\"errorCode\":null,"                      \
    "\"eventName\":\"Get\",\"awsRegion\":\"eu\",\"eventSource\":\"Get\",\"utf\":"                  \
    "\"\\u00e9t\\u00e9\","                                                                         \
    "\"lines\":\"a\\nb\",\"eventTime\":\"2023-11-14T22:13:20Z\","                                  \
    "\"responseElements\":{\"instancesSet\":{\"items\":[{\"imageId\":\"Aa\"},{\"imageId\":\"b\"}," \
    "{\"imageId\":\"c\"}]}}}"

/* S, L, N, NUM, ABS and E stand for the fields. */
static const struct {
    const char *letter, *field;
} names[] = {{"S", "json.value[/s]"},   {"L", "ec2.imageids"},        {"N", "s3.bytes"},
             {"#", "json.value[/num]"}, {"A", "json.value[/absent]"}, {"E", "json.value[/e]"}};

static void put_names(struct buf *out, const char *condition)
{
    for (const char *p = condition; *p; p++) {
        size_t i = 0;
        bool word = p > condition && (byte_is_alpha(p[-1]) || p[-1] == '/' || p[-1] == '"');
        while (i < COUNT(names) && (word || *names[i].letter != *p || byte_is_alpha(p[1])))
            i++;
        if (i < COUNT(names))
            buf_putz(out, names[i].field);
        else
            buf_putc(out, *p);
    }
}

static const struct {
    const char *condition;
    bool holds;
} cases[] = {
    /* absence: each check is false, whatever its operator (X) */
    {"A = v", false},
    {"A != v", false},
    {"not A = v", true},
    {"not A != v", true},
    {"A exists", false},
    {"A in ()", false},
    {"A contains \"\"", false},
    {"len(A) = 0", false},
    {"A = \"<NA>\"", false},
    /* present and empty (X) */
    {"E = v", false},
    {"E != v", true},
    {"not E = v", true},
    {"not E != v", false},
    {"E exists", true},
    {"E in ()", false},
    {"E contains \"\"", true},
    {"len(E) = 0", true},
    {"E = \"\"", true},
    /* null (X): a ct field is "", json.value is the text null */
    {"ct.error exists", true},
    {"ct.error = \"\"", true},
    {"ct.error = null", false},
    {"json.value[/nul] = null", true},
    {"json.value[/nul] exists", true},
    /* lists (X) */
    {"S in ()", false},
    {"not S in ()", true},
    {"L in (Aa,b)", false},
    {"L in (Aa,b,c,d)", true},
    {"L intersects (b,z)", true},
    {"L intersects (y,z)", false},
    {"ec2.imageids[1] in (b)", true},
    {"ec2.imageids[7] exists", false},
    {"ec2.imageids[7] in ()", false},
    {"L exists", true},
    {"tolower(L) intersects (b)", false}, /* the bug that is kept */
    {"tolower(L) exists", true},
    {"tolower(L) intersects tolower(L)", true},
    {"join(\",\", L) = \"Aa,b,c\"", true},
    {"join(\",\", tolower(L)) = \"aa,b,c\"", true},
    {"len(L) = 3", true},
    {"L in val(ec2.imageids)", true},
    {"L intersects val(ec2.imageids[1])", true},
    {"ec2.imageids[0] in val(ec2.imageids)", true},
    {"ec2.imageids[2] intersects val(ec2.imageids[1])", false},
    /* order is of texts, and of numbers where the field is one (X) */
    {"# >= 5", false},
    {"# < 1000", false},
    {"# = 404", true},
    {"# <= 5", true},
    {"N > 41", true},
    {"N >= 42", true},
    {"N < 42", false},
    {"N <= 42", true},
    {"N != 42", false},
    {"N in (1,42)", true},
    {"N intersects (1,43)", false},
    {"N > -1", false},
    {"N = 042", true},
    {"N = anyof (41, 42)", true},
    {"N != allof (41, 43)", true},
    {"N = val(s3.bytes.in)", true},
    {"N > len(S)", true},
    /* text operators (X) */
    {"S = \"Hello\\x20World\"", true},
    {"S = \"Hello\\ World\"", false},
    {"S = 'hello world'", false},
    {"S contains lo", true},
    {"S contains LO", false},
    {"S icontains LO", true},
    {"S icontains zz", false},
    {"S startswith Hell", true},
    {"S endswith World", true},
    {"S endswith Worl", false},
    {"S regex Hello", false},
    {"S regex 'Hello.*'", true},
    {"S regex '(Hi|Hello) [[:alpha:]]+'", true},
    {"S glob '*o*'", true},
    {"S glob 'hello*'", false},
    {"S iglob 'hello*'", true},
    {"S pmatch (\"/Hello World/\")", true},
    {"json.value[/path] glob '*.so'", true},
    {"json.value[/path] glob '/usr/*'", true},
    {"json.value[/path] pmatch (/usr/li)", false},
    {"json.value[/path] pmatch (/etc, usr/lib)", true},
    {"json.value[/path] pmatch (/usr/l*/x.so)", true},
    {"json.value[/path] pmatch (/usr/lib/x.so/y)", false},
    {"json.value[/path] pmatch (/)", true},
    {"json.value[/path] pmatch ()", false},
    {"json.value[/utf] regex '.t.'", true}, /* characters, not bytes */
    {"json.value[/lines] regex 'a.b'", false},
    {"json.value[/lines] regex 'a[^x]b'", true},
    {"json.value[/ip] in (10.0.0.0/8)", false},
    /* modifiers (X) */
    {"S startswith oneof (Hello,Hell)", false},
    {"S startswith oneof (Hello,x)", true},
    {"S startswith anyof (Hello,Hell)", true},
    {"S startswith allof (Hello,Hell)", true},
    {"S startswith allof (Hello,x)", false},
    {"S != anyof (\"Hello World\",b)", true},
    {"S != allof (\"Hello World\",b)", false},
    {"S != allof (a,b)", true},
    {"S = oneof (\"Hello World\",\"Hello World\")", false},
    {"S = anyof ()", false},
    {"S = allof ()", false},
    {"S regex anyof (x, 'H.*')", true},
    {"A != allof (a)", false},
    /* transformers */
    {"b64(S) exists", false},
    {"b64(json.value[/b]) = hello", true},
    {"b64(json.value[/nopad]) = hello", true},
    {"tolower(S) = \"hello world\"", true},
    {"toupper(S) = \"HELLO WORLD\"", true},
    {"basename(json.value[/path]) = x.so", true},
    {"basename(S) = \"Hello World\"", true},
    {"len(S) = 11", true},
    {"toupper(b64(json.value[/b])) = HELLO", true},
    {"concat(S, \"!\", #) = \"Hello World!404\"", true},
    {"concat(S, A) exists", false},
    {"join(\"-\", (S, N, \"x\")) = \"Hello World-42-x\"", true},
    {"join(\"-\", (S, A)) exists", false},
    {"getopt((\"-a\", \"-bval\", \"-c\", \"x\"), \"ab:c:\")[b] = val", true},
    {"getopt((\"-a\", \"-bval\", \"-c\", \"x\"), \"ab:c:\")[c] = x", true},
    {"getopt((\"-a\", \"-b\"), \"ab:\")[b] = \"\"", true},
    {"getopt((\"-a\", \"--\", \"-b\"), \"ab\")[b] exists", false},
    {"getopt((\"--long\", \"-z\"), \"a\") intersects (\"?\")", true},
    {"join(\" \", getopt((\"-an\", \"-b1\"), \"anb:\")) = \"a n b 1\"", true},
    {"tolower(\"AB\") = ab", true},
    /* the right side */
    {"ct.name = val(ct.src)", true},
    {"ct.name != val(ct.region)", true},
    {"A = val(json.value[/s])", false},
    {"S = val(json.value[/absent])", false},
    {"S != val(json.value[/absent])", false},
    {"tolower(S) = tolower(json.value[/s])", true},
    {"S contains val(json.value[/e])", true},
    {"S in val(json.value[/s])", true},
    {"S = ct.src", false}, /* a text, not a field */
    /* booleans */
    {"S exists and not (E = x or A exists)", true},
    {"S = x or N = 42 and E = x", false},
    {"(S = x or N = 42) and E = \"\"", true},
    {"not not S exists", true},
    {"evt.is_async = false", true},
    {"evt.is_async = true", false},
    {"evt.num > 0", true},
    {"evt.rawtime = 1700000000000000000", true},
};

static void test_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf condition;
        buf_init(&condition, 4096);
        put_names(&condition, cases[i].condition);
        check_int(cases[i].condition, falco_case_holds(buf_z(&condition), EVENT), cases[i].holds);
        buf_release(&condition);
    }
}

static const struct {
    const char *condition, *why;
} refused[] = {
    {"ct.nothing = x", "condition: there is no field ct.nothing"},
    {"ct.names = x", "there is no field ct.names"},
    {"json.value = x", "needs an argument"},
    {"json.value[\"a b\"] = x", "has a blank in it"},
    {"json.value[\"a]\"] = x", "has a ] in it"},
    {"ct.name[1] = x", "takes no argument"},
    {"evt.num[1] = 1", "takes no argument"},
    {"ec2.imageids[01] exists", "must be a position"},
    {"ec2.imageids[x] exists", "must be a position"},
    {"ec2.imageids = x", "= is not for a list of strings"},
    {"ec2.imageids contains x", "contains is not for a list of strings"},
    {"ec2.imageids pmatch (x)", "pmatch is not for a list of strings"},
    {"s3.bytes contains 1", "contains is not for a number"},
    {"s3.bytes pmatch (1)", "pmatch is not for a number"},
    {"s3.bytes = 41.5", "is no whole decimal number"},
    {"s3.bytes = 0x2a", "is no whole decimal number"},
    {"s3.bytes = x", "is no whole decimal number"},
    {"s3.bytes = 18446744073709551616", "is no whole decimal number"},
    {"evt.is_async = yes", "neither true nor false"},
    {"evt.is_async > 0", "> is not for a boolean"},
    {"ct.name bcontains 0a", "bcontains is not for a string"},
    {"ct.name regex '(?i)a'", "POSIX regular expressions know no (?...)"},
    {"ct.name regex '\\\\d'", "an escape that POSIX regular expressions lack"},
    {"ct.name regex '['", "no closing bracket"},
    {"ct.name regex '('", "missing closing parenthesis"},
    {"ct.name regex val(ct.src)", "regex takes no field on its right side"},
    {"ct.name pmatch val(ct.src)", "pmatch takes no field on its right side"},
    {"ct.name = val(s3.bytes)", "a string is compared with a number"},
    {"ct.name in val(ec2.imageids)", "a string is compared with a list of strings"},
    {"evt.rawtime = val(s3.bytes)", "a number is compared with a number"},
    {"tolower(s3.bytes) = 1", "tolower() takes a string"},
    {"tolower(ct.name, ct.src) = a", "takes one argument"},
    {"tolower(ct.name)[a] = a", "takes one argument"},
    {"len(s3.bytes) = 1", "len() takes a string or a list"},
    {"join(ct.name) = a", "join() takes a separator and a list"},
    {"join(\",\", ct.name) = a", "join() takes a separator and a list"},
    {"concat(ct.name) = a", "concat() takes two or more strings"},
    {"concat(ct.name, s3.bytes) = a", "concat() takes two or more strings"},
    {"getopt(ct.name, \"a\") exists", "getopt() takes a list"},
    {"getopt((\"-a\"), \"a\")[ab] exists", "one option character"},
    {"nothing", "the macro 'nothing' is not defined"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        falco_case_rule_says(refused[i].condition, "x", refused[i].why);
}

static const struct {
    const char *condition, *warning;
} warned[] = {
    {"ct.name = ct.src", "\"ct.src\" is compared as text, though a field has that name"},
    {"ct.name = \"toupper( ct.src)\"", "looks like a transformer"},
    {"ct.name regex 'abc.*'", "needs no regular expression"},
    {"ct.srcip in (10.0.0.0/8)", "Falco knows no networks in this field"},
    {"ct.name > 5", "compared as text, byte by byte"},
    {"tolower(ec2.imageids) in (a)", "never in a list of constants"},
    {"ct.name regex '^a.b$'", ""},
    {"ct.name = \"a.b\"", ""},
    {"s3.bytes > 5", ""},
};

static void test_warned(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(warned); i++)
        falco_case_rule_says(warned[i].condition, "x", warned[i].warning);
}

static const struct {
    const char *pattern, *text;
    bool holds, folded;
} globs[] = {
    {"", "", true, true},
    {"*", "", true, true},
    {"a*b", "a/x/b", true, true},
    {"a?c", "abc", true, true},
    {"a?c", "ac", false, false},
    {"[a-c]x", "bx", true, true},
    {"[!a-c]x", "bx", false, false},
    {"[^a-c]x", "dx", true, true},
    {"[]]x", "]x", true, true},
    {"[[:digit:]]*", "4a", true, true},
    {"[[:digit:]]*", "a4", false, false},
    {"[a-c", "[a-c", true, true},
    {"\\*", "*", true, true},
    {"\\*", "a", false, false},
    {"a\\", "a\\", false, false},
    {"ABC", "abc", false, true},
    {"[A-C]*", "bx", false, true},
    {"*a*b*c*", "xxaxxbxxcxx", true, true},
    {"*a*b*c", "xxaxxbxxcxx", false, false},
};

static void test_globs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(globs); i++) {
        struct str p = str_of(globs[i].pattern), s = str_of(globs[i].text);
        check_int(globs[i].pattern, falco_glob(p, s, false), globs[i].holds);
        check_int(globs[i].pattern, falco_glob(p, s, true), globs[i].folded);
    }
}

/* A pattern of many stars over a long text ends soon: at most their product in steps. */
static void test_glob_is_bounded(void **state)
{
    struct buf pattern, text;
    (void)state;
    buf_init(&pattern, 1 << 16);
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < 100; i++)
        buf_putz(&pattern, "*a");
    buf_putz(&pattern, "*b");
    for (size_t i = 0; i < 50000; i++)
        buf_putc(&text, 'a');
    check_false("no b", falco_glob(buf_str(&pattern), buf_str(&text), false));
    buf_release(&pattern);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_warned),          cmocka_unit_test(test_globs),
        cmocka_unit_test(test_glob_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
