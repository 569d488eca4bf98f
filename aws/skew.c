/* Clock skew. */
#include "aws/skew.h"

#include "base/timefmt.h"

#define MS_PER_DAY 86400000LL

/* Two digits at s.p[at], or -1. */
static int two(struct str s, size_t at)
{
    if (!byte_is_digit(s.p[at]) || !byte_is_digit(s.p[at + 1]))
        return -1;
    return (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
}

static int month_of(struct str name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int m = 0; m < 12; m++) {
        if (str_eq(name, str_n(names + (size_t)m * 3, 3)))
            return m + 1;
    }
    return 0;
}

bool skew_parse_date(struct str date, int64_t *ms)
{
    /* Sun, 06 Nov 1994 08:49:37 GMT */
    if (date.n != 29 || !str_eq(str_slice(date, 25, 29), S(" GMT")) || date.p[19] != ':' ||
        date.p[22] != ':')
        return false;
    const int day = two(date, 5), month = month_of(str_slice(date, 8, 11));
    const int century = two(date, 12), year = two(date, 14);
    const int hour = two(date, 17), minute = two(date, 20), second = two(date, 23);
    if (day < 1 || day > 31 || month == 0 || century < 0 || year < 0 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    *ms = time_days(century * 100 + year, month, day) * MS_PER_DAY +
          ((hour * 60LL + minute) * 60 + second) * 1000;
    return true;
}

bool skew_measure(struct str date, struct str age, int64_t sent_ms, int64_t received_ms,
                  int64_t *skew_ms)
{
    int64_t server_ms = 0;
    const int64_t took = received_ms > sent_ms ? received_ms - sent_ms : 0;
    if (str_present(age) || took > SKEW_ROUND_TRIP_MS || !skew_parse_date(date, &server_ms))
        return false;
    *skew_ms = server_ms - (sent_ms + took / 2);
    return true;
}

bool skew_explains(int64_t measured_ms, int64_t signed_with_ms)
{
    const int64_t off = measured_ms - signed_with_ms;
    return off >= SKEW_RETRY_MS || off <= -SKEW_RETRY_MS;
}
