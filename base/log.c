/* Log lines. Keys are those of Lambda's JSON log format: timestamp, level, message, requestId. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/timefmt.h"

/* CloudWatch takes events of 256 KB; a line is a sentence, not a dump. */
#define LOG_LINE_MAX 65536

static const char *const level_names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

void log_init(struct log *log, int fd, const char *format, const char *level,
              int64_t (*now_ms)(void))
{
    *log = (struct log){.fd = fd, .level = LOG_INFO, .now_ms = now_ms};
    log->json = format && strcasecmp(format, "JSON") == 0;
    for (size_t i = 0; level && i < sizeof level_names / sizeof *level_names; i++)
        if (strcasecmp(level, level_names[i]) == 0)
            log->level = (enum log_level)i;
}

static void put_pair(struct buf *b, bool json, const char *name, struct str text, int64_t number)
{
    if (json) {
        buf_putc(b, ',');
        buf_put_json(b, str_of(name));
        buf_putc(b, ':');
        if (str_present(text))
            buf_put_json(b, text);
        else
            buf_put_i64(b, number);
        return;
    }
    buf_putf(b, " %s=", name);
    if (str_present(text))
        buf_put_sentence(b, text);
    else
        buf_put_i64(b, number);
}

static void put_head(struct buf *b, const struct log *log, enum log_level level, struct str message)
{
    if (log->json) {
        buf_putz(b, "{\"timestamp\":\"");
        time_put(b, log->now_ms());
        buf_putf(b, "\",\"level\":\"%s\",\"message\":", level_names[level]);
        buf_put_json(b, message);
    } else {
        time_put(b, log->now_ms());
        buf_putf(b, " %s ", level_names[level]);
        buf_put_sentence(b, message);
    }
    if (str_present(log->request_id))
        put_pair(b, log->json, "requestId", log->request_id, 0);
    if (str_present(log->trace_id))
        put_pair(b, log->json, "xRayTraceId", log->trace_id, 0);
}

void log_line(const struct log *log, enum log_level level, struct str message,
              const struct log_field *fields, size_t n)
{
    if (level < log->level)
        return;
    struct buf b;
    buf_init(&b, LOG_LINE_MAX);
    put_head(&b, log, level, message);
    for (size_t i = 0; i < n; i++)
        put_pair(&b, log->json, fields[i].name, fields[i].text, fields[i].number);
    buf_putz(&b, log->json ? "}\n" : "\n");
    if (b.failed) {
        buf_reset(&b);
        put_head(&b, log, level, S("a log line was too long and is left out"));
        buf_putz(&b, log->json ? "}\n" : "\n");
    }
    ssize_t ignored = write(log->fd, b.p, b.n);
    (void)ignored;
    buf_release(&b);
}

void log_printf(const struct log *log, enum log_level level, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX + 256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_line(log, level, str_of(text), NULL, 0);
}
