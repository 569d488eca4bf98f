/* The progress line. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define SHOW_EVERY_MS  200
#define LINE_BYTES_MAX 256

void put_bytes(struct buf *b, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double x = (double)bytes;
    size_t unit = 0;
    while (x >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        x /= 1000;
        unit++;
    }
    buf_putf(b, unit ? "%.1f %s" : "%.0f %s", x, units[unit]);
}

void put_count(struct buf *b, uint64_t n)
{
    if (n >= 1000) {
        put_count(b, n / 1000);
        buf_putf(b, ",%03u", (unsigned)(n % 1000));
    } else {
        buf_put_u64(b, n);
    }
}

void progress_init(struct progress *p, uint64_t all_bytes)
{
    *p = (struct progress){
        .on = isatty(STDERR_FILENO) == 1, .all_bytes = all_bytes, .started_ms = clock_mono_ms()};
}

static void put_time_left(struct buf *b, const struct progress *p, uint64_t done, int64_t took_ms)
{
    if (done == 0 || done >= p->all_bytes || took_ms < 1000)
        return;
    double left = (double)took_ms / 1000 * (double)(p->all_bytes - done) / (double)done;
    buf_putf(b, ", %.0f s left", left);
}

/* Whether it is time to show the line anew. */
static bool is_due(struct progress *p, int64_t at)
{
    if (!p->on || at - p->shown_ms < SHOW_EVERY_MS)
        return false;
    p->shown_ms = at;
    return true;
}

static void show(struct buf *b)
{
    const char *line = buf_z(b);
    if (line)
        fputs(line, stderr);
    fflush(stderr);
    buf_release(b);
}

void progress_step(struct progress *p, const char *what, uint64_t done, uint64_t all)
{
    struct buf b;
    if (!is_due(p, clock_mono_ms()))
        return;
    buf_init(&b, LINE_BYTES_MAX);
    buf_putz(&b, "\r\x1b[K");
    put_count(&b, done);
    buf_putz(&b, " of ");
    put_count(&b, all);
    buf_putf(&b, " %s", what);
    show(&b);
}

void progress_tick(void *to, const struct scan_counts *now)
{
    struct progress *p = to;
    int64_t at = clock_mono_ms();
    struct buf b;
    if (!is_due(p, at))
        return;
    buf_init(&b, LINE_BYTES_MAX);
    buf_putz(&b, "\r\x1b[K");
    put_count(&b, now->objects);
    buf_putz(&b, " files, ");
    put_bytes(&b, now->stored_bytes);
    if (p->all_bytes) {
        buf_putz(&b, " of ");
        put_bytes(&b, p->all_bytes);
    }
    buf_putz(&b, ", ");
    put_count(&b, now->records);
    buf_putz(&b, " records");
    int64_t took = at - p->started_ms;
    if (took > 0) { /* of stored bytes: those of the text are counted when a file is done */
        buf_putz(&b, ", ");
        put_bytes(&b, (uint64_t)((double)now->stored_bytes * 1000 / (double)took));
        buf_putz(&b, "/s");
    }
    put_time_left(&b, p, now->stored_bytes, took);
    show(&b);
}

void progress_end(const struct progress *p)
{
    if (p->on && p->shown_ms)
        fputs("\r\x1b[K", stderr);
}
