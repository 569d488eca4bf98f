/* Head, data, script. */
#include "respond/page.h"

#include "base/base64.h"
#include "base/escape.h"
#include "base/sha256.h"
#include "respond/put.h"
#include "respond/viewer.h"

/* The head with two hashes, and what a reader without scripts gets. */
#define HEAD_MAX (64u << 10)
#define TEXT_MAX (16u << 20)
/* Escaped pieces that go to the writer at once. */
#define PIECE_MAX (256u << 10)

struct page {
    page_fn write;
    void *to;
    struct err *e;
    bool failed;
};

static void put(struct page *p, struct str piece)
{
    p->failed = p->failed || (piece.n && !p->write(p->to, piece, p->e));
}

/* What was built must be whole: a page cut anywhere is none. */
static void put_buf(struct page *p, struct buf *b, const char *what)
{
    p->failed = p->failed || !buf_ok(b, what, p->e);
    put(p, buf_str(b));
}

/* JSON for a script block. In JSON < > & stand within strings only. */
static void put_script_json(struct page *p, struct str json)
{
    struct buf b;
    buf_init(&b, PIECE_MAX + 8);
    for (size_t i = 0; i < json.n && !p->failed; i++) {
        char c = json.p[i];
        if (c == '<' || c == '>' || c == '&')
            buf_putf(&b, "\\u00%02x", (unsigned)c);
        else
            buf_putc(&b, c);
        if (b.n >= PIECE_MAX) {
            put_buf(p, &b, "a page");
            buf_reset(&b);
        }
    }
    put_buf(p, &b, "a page");
    buf_release(&b);
}

/* Text between tags. */
static void put_html(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_putz(b, "&lt;");
            break;
        case '>':
            buf_putz(b, "&gt;");
            break;
        case '&':
            buf_putz(b, "&amp;");
            break;
        default:
            buf_putc(b, s.p[i]);
        }
    }
}

/* 'sha256-<base64>', as CSP names a block. */
static void put_hash(struct buf *b, struct str bytes)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, bytes);
    sha256_end(&h, raw);
    buf_putz(b, "'sha256-");
    buf_put_base64(b, str_n((const char *)raw, sizeof raw));
    buf_putc(b, '\'');
}

static void put_head(struct page *p)
{
    struct buf b;
    buf_init(&b, HEAD_MAX);
    buf_putz(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "script-src ");
    put_hash(&b, viewer_script());
    buf_putz(&b, "; style-src ");
    put_hash(&b, viewer_style());
    buf_putz(&b, "; img-src data:; base-uri 'none'; form-action 'none'; "
                 "require-trusted-types-for 'script'; trusted-types 'none'\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width\">\n"
                 "<meta name=\"referrer\" content=\"no-referrer\">\n"
                 "<title>trailwarden: attack story</title>\n<style>");
    put_buf(p, &b, "a page's head");
    put(p, viewer_style());
    put(p, S("</style>\n</head>\n<body>\n<main id=\"story\"></main>\n"));
    buf_release(&b);
}

/* The stories as text. */
static void put_plain(struct page *p, const struct stories *s)
{
    struct buf text, html;
    buf_init(&text, TEXT_MAX);
    buf_init(&html, 6 * TEXT_MAX);
    put(p, S("<noscript><pre>\n"));
    for (size_t k = 0; k < s->list.n; k++) {
        story_put_text(&text, s, stories_at(s, k), false);
        buf_putc(&text, '\n');
    }
    if (s->list.n == 0)
        buf_putz(&text, "No incident was found.\n");
    put_html(&html, buf_str(&text));
    put_buf(p, &html, "a page's text");
    put(p, S("</pre></noscript>\n"));
    buf_release(&text);
    buf_release(&html);
}

static void put_data(struct page *p, const struct stories *s, const struct ruleset *rules)
{
    struct buf json;
    buf_init(&json, PAGE_JSON_MAX);
    stories_put_json(&json, s, rules);
    put(p, S("<script type=\"application/json\" id=\"data\">"));
    p->failed = p->failed || !buf_ok(&json, "a page's stories", p->e);
    put_script_json(p, buf_str(&json));
    put(p, S("</script>\n<script type=\"application/json\" id=\"raw\">"));
    buf_reset(&json);
    stories_put_raw(&json, s);
    p->failed = p->failed || !buf_ok(&json, "a page's records", p->e);
    put_script_json(p, buf_str(&json));
    put(p, S("</script>\n"));
    buf_release(&json);
}

bool page_write(const struct stories *s, const struct ruleset *rules, page_fn write, void *to,
                struct err *e)
{
    struct page p = {.write = write, .to = to, .e = e};
    put_head(&p);
    put_plain(&p, s);
    put_data(&p, s, rules);
    put(&p, S("<script>"));
    put(&p, viewer_script());
    put(&p, S("</script>\n</body>\n</html>\n"));
    return !p.failed;
}
