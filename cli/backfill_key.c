/* Judging keys, making notifications. */
#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/backfill.h"

#define DAY_MS     86400000LL
#define DATE_BYTES 12 /* "/2026/03/17/" */

static int64_t day_of(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

int64_t backfill_first_day(int64_t from_ms)
{
    return day_of(from_ms);
}

int64_t backfill_last_day(int64_t to_ms)
{
    return day_of(to_ms + BACKFILL_LATE_MS);
}

/* The number that n digits at p make, or -1. */
static int number(const char *p, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (!byte_is_digit(p[i]))
            return -1;
        value = 10 * value + (p[i] - '0');
    }
    return value;
}

/* Finds "/YYYY/MM/DD/" in the key: *at is where its first slash is. */
static bool find_day(struct str key, size_t *at, int64_t *day)
{
    for (size_t i = str_find_byte(key, '/', 0); i != SIZE_MAX && i + DATE_BYTES <= key.n;
         i = str_find_byte(key, '/', i + 1)) {
        const char *p = key.p + i;
        int year = number(p + 1, 4), month = number(p + 6, 2), date = number(p + 9, 2);
        if (p[5] != '/' || p[8] != '/' || p[11] != '/' || year < 0 || month < 1 || month > 12 ||
            date < 1 || date > 31)
            continue;
        *at = i;
        *day = time_days(year, month, date);
        return true;
    }
    return false;
}

/* Behind all keys that begin with folder and a slash: '0' is the byte after '/'. */
static void put_behind(struct buf *jump, struct str folder)
{
    buf_put(jump, folder);
    buf_putc(jump, '0');
}

/* In front of the first day that counts. */
static void put_day(struct buf *jump, struct str folder, int64_t day)
{
    struct time_parts t = time_split(day * DAY_MS);
    buf_put(jump, folder);
    buf_putf(jump, "/%04d/%02d/%02d", t.year, t.month, t.day);
}

enum backfill_verdict backfill_judge(const struct backfill_days *days, struct str key,
                                     uint64_t bytes, struct buf *jump)
{
    static const char digests[] = "/CloudTrail-Digest";
    size_t at = str_find(key, S("/CloudTrail-Digest/"), 0);
    int64_t day;
    buf_reset(jump);
    if (at != SIZE_MAX) {
        put_behind(jump, str_slice(key, 0, at + sizeof digests - 1));
        return BACKFILL_LEAVE;
    }
    if (find_day(key, &at, &day) && (day < days->from || day > days->to)) {
        if (day < days->from)
            put_day(jump, str_slice(key, 0, at), days->from);
        else
            put_behind(jump, str_slice(key, 0, at));
        return BACKFILL_LEAVE;
    }
    return bytes == 0 || str_ends(key, S("/")) ? BACKFILL_LEAVE : BACKFILL_TAKE;
}

void backfill_put_message(struct buf *b, struct str bucket, struct str key, uint64_t bytes,
                          bool learn)
{
    buf_putz(b, "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","
                "\"s3\":{\"bucket\":{\"name\":");
    buf_put_json(b, bucket);
    buf_putz(b, "},\"object\":{\"key\":\"");
    buf_put_percent(b, key, true); /* nothing is left that JSON would have to escape */
    buf_putz(b, "\",\"size\":");
    buf_put_u64(b, bytes);
    buf_putz(b, learn ? "}},\"trailwarden\":{\"learn\":true}}]}" : "}}}]}");
}
