/* The XML reader. */
#include "aws/xml.h"

#include "base/escape.h"

void xml_init(struct xml *x, struct str document)
{
    *x = (struct xml){.rest = document, .kind = XML_END};
    if (str_starts(x->rest, S("\xEF\xBB\xBF"))) /* a byte order mark */
        x->rest = str_skip(x->rest, 3);
}

static struct str local_name(struct str name)
{
    const size_t colon = str_find_byte(name, ':', 0);
    return colon == SIZE_MAX ? name : str_skip(name, colon + 1);
}

/* Passes what begins with open and ends with close: a comment or a processing instruction. */
static bool skip_until(struct xml *x, struct str close, struct err *e)
{
    const size_t end = str_find(x->rest, close, 2);
    if (end == SIZE_MAX)
        return err_set(e, ERR_INPUT, "XML ends inside a comment or instruction");
    x->rest = str_skip(x->rest, end + close.n);
    return true;
}

/* Length of the tag at the front, its '>' included, minding quoted attribute values; 0: cut off. */
static size_t tag_length(struct str s)
{
    char quote = '\0';
    for (size_t i = 1; i < s.n; i++) {
        const char c = s.p[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i + 1;
    }
    return 0;
}

static bool close_tag(struct xml *x, struct str name, struct err *e)
{
    if (x->depth == 0 || !str_eq(x->open[x->depth - 1], name))
        return err_set(e, ERR_INPUT, "XML closes an element that is not open");
    x->depth--;
    x->kind = XML_CLOSE;
    x->name = local_name(name);
    return true;
}

static bool read_tag(struct xml *x, struct err *e)
{
    const size_t n = tag_length(x->rest);
    if (n < 3)
        return err_set(e, ERR_INPUT, "XML ends inside a tag");
    struct str inside = str_slice(x->rest, 1, n - 1);
    x->rest = str_skip(x->rest, n);
    if (inside.p[0] == '/')
        return close_tag(x, str_trim(str_skip(inside, 1)), e);

    x->close_next = inside.p[inside.n - 1] == '/';
    if (x->close_next)
        inside.n--;
    size_t end = 0;
    while (end < inside.n && !strchr(" \t\r\n", inside.p[end]))
        end++;
    if (end == 0)
        return err_set(e, ERR_INPUT, "XML has a tag without a name");
    if (x->depth == XML_DEPTH_MAX)
        return err_set(e, ERR_INPUT, "XML nests more than %d deep", XML_DEPTH_MAX);
    x->open[x->depth++] = str_slice(inside, 0, end);
    x->kind = XML_OPEN;
    x->name = local_name(x->open[x->depth - 1]);
    return true;
}

static bool read_cdata(struct xml *x, struct err *e)
{
    const size_t begin = sizeof "<![CDATA[" - 1;
    const size_t end = str_find(x->rest, S("]]>"), begin);
    if (end == SIZE_MAX)
        return err_set(e, ERR_INPUT, "XML ends inside a CDATA section");
    x->text = str_slice(x->rest, begin, end);
    x->rest = str_skip(x->rest, end + 3);
    x->kind = XML_TEXT;
    x->cdata = true;
    return true;
}

bool xml_next(struct xml *x, struct err *e)
{
    x->cdata = false;
    if (x->close_next) {
        x->close_next = false;
        return close_tag(x, x->open[x->depth - 1], e);
    }
    for (;;) {
        if (x->rest.n == 0) {
            x->kind = XML_END;
            return x->depth == 0 || err_set(e, ERR_INPUT, "XML ends inside an element");
        }
        if (x->rest.p[0] != '<') {
            const size_t end = str_find_byte(x->rest, '<', 0);
            x->text = str_slice(x->rest, 0, end);
            x->rest = str_skip(x->rest, x->text.n);
            x->kind = XML_TEXT;
            return true;
        }
        if (str_starts(x->rest, S("<![CDATA[")))
            return read_cdata(x, e);
        if (str_starts(x->rest, S("<!--"))) {
            if (!skip_until(x, S("-->"), e))
                return false;
        } else if (str_starts(x->rest, S("<?"))) {
            if (!skip_until(x, S("?>"), e))
                return false;
        } else if (str_starts(x->rest, S("<!"))) {
            return err_set(e, ERR_INPUT, "XML with a DOCTYPE is refused");
        } else {
            return read_tag(x, e);
        }
    }
}

/* Code point of "#65" or "#x41"; 0 when it is none that XML allows. */
static uint32_t number_entity(struct str s)
{
    const bool hex = s.n > 1 && s.p[1] == 'x';
    uint32_t v = 0;
    for (size_t i = hex ? 2 : 1; i < s.n; i++) {
        const int d = byte_hex(s.p[i]);
        if (d < 0 || (!hex && d > 9) || v > 0x10FFFF)
            return 0;
        v = v * (hex ? 16 : 10) + (uint32_t)d;
    }
    return v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF) ? 0 : v;
}

static uint32_t entity(struct str s)
{
    static const struct {
        struct str name;
        uint32_t c;
    } known[] = {{{"amp", 3}, '&'},
                 {{"lt", 2}, '<'},
                 {{"gt", 2}, '>'},
                 {{"quot", 4}, '"'},
                 {{"apos", 4}, '\''}};
    if (s.n && s.p[0] == '#')
        return number_entity(s);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_eq(s, known[i].name))
            return known[i].c;
    }
    return 0;
}

void xml_put_text(const struct xml *x, struct buf *out)
{
    struct str s = x->text;
    while (s.n && !x->cdata) {
        const size_t amp = str_find_byte(s, '&', 0);
        if (amp == SIZE_MAX)
            break;
        buf_put(out, str_slice(s, 0, amp));
        const size_t semicolon = str_find_byte(s, ';', amp);
        const uint32_t c = semicolon == SIZE_MAX ? 0 : entity(str_slice(s, amp + 1, semicolon));
        if (c)
            buf_put_utf8(out, c);
        else
            buf_putc(out, '&');
        s = str_skip(s, c ? semicolon + 1 : amp + 1);
    }
    buf_put(out, s);
}

bool xml_take_element(struct xml *x, struct buf *out, struct err *e)
{
    const size_t inside = x->depth;
    while (xml_next(x, e)) {
        if (x->kind == XML_TEXT && x->depth == inside)
            xml_put_text(x, out);
        if (x->kind == XML_CLOSE && x->depth < inside)
            return true;
        if (x->kind == XML_END)
            return err_set(e, ERR_INPUT, "XML ends inside an element");
    }
    return false;
}

bool xml_find(struct str document, const char *name, struct buf *out)
{
    struct xml x;
    struct err ignored;
    xml_init(&x, document);
    while (xml_next(&x, &ignored) && x.kind != XML_END) {
        if (x.kind == XML_OPEN && str_eqz(x.name, name))
            return xml_take_element(&x, out, &ignored);
    }
    return false;
}
