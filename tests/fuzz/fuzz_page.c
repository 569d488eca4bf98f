/* Any bytes in what a page shows of a log: they leave neither its data block nor its text, and the
 * data is the stories' JSON (promise P7).
 *
 * The input is cut at its zero bytes into a user agent, a user's name, an error text, a bucket, a
 * region, the title of a rule's alert and an object's name; what is missing is empty. */
#include <stdint.h>
#include <stdlib.h>

#include "base/escape.h"
#include "respond/page.h"
#include "tests/fuzz/support/same_json.h"
#include "tests/unit/support/story_case.h"

#define PAGE_MAX (16u << 20)
#define TEXTS    6

static void want(bool ok)
{
    if (!ok)
        abort();
}

/* One record whose texts are the input's. */
static void put_record(struct buf *b, const struct str texts[TEXTS])
{
    static const char *const before[TEXTS] = {
        ("{\"eventID\":\"1\",\"eventTime\":\"2026-03-17T14:00:00Z\",\"eventSource\":"
         "\"s3.amazonaws.com\",\"eventName\":\"Bad\",\"recipientAccountId\":\"111122223333\","
         "\"sourceIPAddress\":\"198.51.100.7\",\"userAgent\":"),
        (",\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDAU1\",\"accountId\":"
         "\"111122223333\",\"accessKeyId\":\"AKIA1\",\"userName\":"),
        "},\"errorCode\":",
        ",\"requestParameters\":{\"bucketName\":",
        "},\"awsRegion\":",
        ",\"errorMessage\":",
    };
    for (size_t i = 0; i < TEXTS; i++) {
        buf_putz(b, before[i]);
        buf_put_json(b, texts[i]);
    }
    buf_putc(b, '}');
}

/* A story of one record. */
static void tell(struct story_case *t, const char *record, struct str object)
{
    struct err e = {0};
    story_case_begin(t);
    want(story_case_see(t, record, object, &e) && story_case_turn(t, object, &e) &&
         story_case_again(t, record, object, &e));
    story_case_end(t, NULL, 1);
}

/* ---- the page ---- */

static struct str between(struct str all, const char *from, const char *to)
{
    struct str found = story_page_between(all, from, to);
    want(str_present(found));
    return found;
}

static bool has_markup(struct str s)
{
    return str_find_byte(s, '<', 0) != SIZE_MAX || str_find_byte(s, '>', 0) != SIZE_MAX;
}

static void check_data(struct str data, const struct story_case *t)
{
    struct buf plain;
    buf_init(&plain, PAGE_MAX);
    stories_put_json(&plain, &t->s, t->c.rules);
    want(buf_ok(&plain, "stories", &(struct err){0}));
    want(same_json(data, buf_str(&plain)));
    want(!has_markup(data) && str_find_byte(data, '&', 0) == SIZE_MAX);
    buf_release(&plain);
}

/* Each line is a record's text as JSON. */
static void check_raw(struct str raw)
{
    want(!has_markup(raw) && str_find_byte(raw, '&', 0) == SIZE_MAX);
    while (str_present(raw) && raw.n) {
        struct str line = str_cut(&raw, '\n');
        want(line.n == 0 || is_json(line));
    }
}

static void check_page(struct str all, const struct story_case *t)
{
    check_data(between(all, "id=\"data\">", "</script>"), t);
    check_raw(between(all, "id=\"raw\">", "</script>"));
    want(!has_markup(between(all, "<noscript><pre>", "</pre></noscript>")));
    /* Head, text, two blocks and the viewer: as many scripts as the page was made with. */
    size_t scripts = 0;
    for (size_t at = 0; (at = str_find(all, S("<script"), at)) != SIZE_MAX; at++)
        scripts++;
    want(scripts == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_n((const char *)data, size), texts[TEXTS];
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = str_present(rest) ? str_cut(&rest, '\0') : S("");
    struct err e = {0};
    struct story_case t;
    struct buf record, page;
    buf_init(&record, 6 * size + 1024);
    buf_init(&page, PAGE_MAX);
    put_record(&record, texts);
    tell(&t, buf_z(&record), str_present(rest) ? rest : S("a.json"));
    want(page_write(&t.s, t.c.rules, story_page_keep, &page, &e));
    check_page(buf_str(&page), &t);
    story_case_release(&t);
    buf_release(&page);
    buf_release(&record);
    return 0;
}
