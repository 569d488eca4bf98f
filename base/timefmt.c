/* RFC 3339 in and out; calendar arithmetic after the era method (400-year cycles from 1 March). */
#include "base/timefmt.h"

#define MS_PER_DAY 86400000LL

int64_t time_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146097 + days - 719468;
}

struct time_parts time_split(int64_t ms)
{
    int64_t day = ms / MS_PER_DAY;
    int64_t rest = ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        day--;
    }
    int64_t z = day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t yoe = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t doy = of_era - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int64_t weekday = (day + 4) % 7;
    return (struct time_parts){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .ms = (int)(rest % 1000),
        .weekday = (int)(weekday < 0 ? weekday + 7 : weekday),
    };
}

/* Exactly n digits at the front of *s, taken off it. */
static bool take_digits(struct str *s, size_t n, int *out)
{
    int v = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!byte_is_digit(s->p[i]))
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = str_skip(*s, n);
    *out = v;
    return true;
}

static bool take_byte(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool date_is_real(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* [.digits] as milliseconds. */
static bool take_fraction(struct str *s, int *ms)
{
    *ms = 0;
    if (!take_byte(s, '.'))
        return true;
    if (s->n == 0 || !byte_is_digit(s->p[0]))
        return false;
    for (int scale = 100; s->n && byte_is_digit(s->p[0]); scale /= 10, *s = str_skip(*s, 1))
        *ms += (s->p[0] - '0') * scale;
    return true;
}

static bool take_zone(struct str *s, int *minutes)
{
    *minutes = 0;
    if (take_byte(s, 'Z') || take_byte(s, 'z'))
        return true;
    int sign = take_byte(s, '+') ? 1 : take_byte(s, '-') ? -1 : 0;
    int h, m;
    if (!sign || !take_digits(s, 2, &h) || !take_byte(s, ':') || !take_digits(s, 2, &m))
        return false;
    *minutes = sign * (h * 60 + m);
    return h < 24 && m < 60;
}

bool time_parse(struct str s, int64_t *ms)
{
    int y, mo, d, h = 0, mi = 0, sec = 0, frac = 0, zone = 0;
    if (!take_digits(&s, 4, &y) || !take_byte(&s, '-') || !take_digits(&s, 2, &mo) ||
        !take_byte(&s, '-') || !take_digits(&s, 2, &d) || !date_is_real(y, mo, d))
        return false;
    if (s.n) {
        if (!(take_byte(&s, 'T') || take_byte(&s, 't') || take_byte(&s, ' ')))
            return false;
        if (!take_digits(&s, 2, &h) || !take_byte(&s, ':') || !take_digits(&s, 2, &mi) ||
            !take_byte(&s, ':') || !take_digits(&s, 2, &sec) || !take_fraction(&s, &frac) ||
            !take_zone(&s, &zone) || s.n || h > 23 || mi > 59 || sec > 59)
            return false;
    }
    *ms =
        time_days(y, mo, d) * MS_PER_DAY + (((int64_t)h * 60 + mi - zone) * 60 + sec) * 1000 + frac;
    return true;
}

/* Two digits of a number below 100. */
static void put_digits(struct buf *b, int value)
{
    buf_putc(b, (char)('0' + value / 10));
    buf_putc(b, (char)('0' + value % 10));
}

void time_put(struct buf *b, int64_t ms)
{
    struct time_parts t = time_split(ms);
    if (t.year < 0 || t.year > 9999) {
        buf_putf(b, "%04d", t.year);
    } else {
        put_digits(b, t.year / 100);
        put_digits(b, t.year % 100);
    }
    const struct {
        char before;
        int value;
    } parts[] = {{'-', t.month}, {'-', t.day}, {'T', t.hour}, {':', t.minute}, {':', t.second}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_putc(b, parts[i].before);
        put_digits(b, parts[i].value);
    }
    if (t.ms)
        buf_putf(b, ".%03d", t.ms);
    buf_putc(b, 'Z');
}
