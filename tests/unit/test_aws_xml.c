/* aws/xml: well-formed and broken documents (XML 1.0), with the text found or the refusal. */
#include "aws/xml.h"

#include "tests/unit/support/check.h"

static void finds_elements(void **state)
{
    static const struct {
        const char *name, *document, *want; /* want NULL: not found */
    } cases[] = {
        {"plain", "<E><Code>NoSuchKey</Code></E>", "NoSuchKey"},
        {"declaration and namespace",
         "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<E xmlns=\"http://x/>\"><a/><Code>x</Code></E>",
         "x"},
        {"prefix", "<s:E><s:Code>x</s:Code></s:E>", "x"},
        {"deep", "<a><b><c><Code>x</Code></c></b></a>", "x"},
        {"first of two", "<a><Code>1</Code><Code>2</Code></a>", "1"},
        {"empty", "<a><Code></Code></a>", ""},
        {"empty tag", "<a><Code/></a>", ""},
        {"empty tag with attributes", "<a><Code b='/' /></a>", ""},
        {"root", "<Code>x</Code>", "x"},
        {"blank in the end tag", "<a><Code>x</Code ></a >", "x"},
        {"entities", "<Code>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xE9;</Code>", "<>&\"'AB\xC3\xA9"},
        {"double escape is one", "<Code>&amp;lt;</Code>", "&lt;"},
        {"unknown entities stay", "<Code>&nbsp;&;&#xD800;&#0;&#x110000;& x</Code>",
         "&nbsp;&;&#xD800;&#0;&#x110000;& x"},
        {"CDATA", "<Code><![CDATA[<a>&lt;]]]></Code>", "<a>&lt;]"},
        {"comments", "<!-- <Code>no</Code> --><Code>a<!-- - -->b</Code>", "ab"},
        {"nested is passed over", "<Code>a<b>c</b>d</Code>", "ad"},
        {"name that begins alike", "<a><CodeX>1</CodeX><Code>2</Code></a>", "2"},
        {"none", "<a><b>x</b></a>", NULL},
        {"nothing", "", NULL},
        {"doctype", "<!DOCTYPE a [<!ENTITY x \"y\">]><Code>&x;</Code>", NULL},
        {"not closed", "<a><Code>x", NULL},
        {"wrongly closed", "<a><Code>x</a></Code>", NULL},
        {"cut tag", "<a><Code", NULL},
        {"cut comment", "<!-- <Code>x</Code>", NULL},
        {"cut CDATA", "<Code><![CDATA[x</Code>", NULL},
        {"closed twice", "</a><Code>x</Code>", NULL},
        {"nameless", "< ><Code>x</Code>", NULL},
        {"too deep", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><Code>x</Code>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 100);
        const bool found = xml_find(str_of(cases[i].document), "Code", &out);
        check_int(cases[i].name, found, cases[i].want != NULL);
        if (found)
            check_str(cases[i].name, buf_str(&out), str_of(cases[i].want));
        buf_release(&out);
    }
}

static void walks(void **state)
{
    static const struct {
        enum xml_kind kind;
        const char *text;
    } want[] = {
        {XML_OPEN, "a"},     {XML_TEXT, " "},  {XML_OPEN, "b"}, {XML_CLOSE, "b"},
        {XML_TEXT, "t&lt;"}, {XML_CLOSE, "a"}, {XML_END, NULL}, {XML_END, NULL},
    };
    struct xml x;
    struct err e = {0};
    (void)state;
    xml_init(&x, S("<a> <b/>t&lt;</a>"));
    for (size_t i = 0; i < COUNT(want); i++) {
        check_true("goes on", xml_next(&x, &e));
        check_int("kind", x.kind, want[i].kind);
        if (want[i].text)
            check_str("text", x.kind == XML_TEXT ? x.text : x.name, str_of(want[i].text));
    }
}

static void says_what_is_wrong(void **state)
{
    struct xml x;
    struct err e = {0};
    (void)state;
    xml_init(&x, S("<a><b></a>"));
    while (xml_next(&x, &e))
        assert_int_not_equal(x.kind, XML_END);
    check_int("kind", e.kind, ERR_INPUT);
    check_str("sentence", str_of(e.text), S("XML closes an element that is not open"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_elements),
        cmocka_unit_test(walks),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
