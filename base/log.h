/* Log lines of the Lambda function: one write(2) each, JSON or text as Lambda's settings ask.
 * Only runtime/ and cli/ own one; other layers report through struct err. */
#ifndef TW_BASE_LOG_H
#define TW_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Lambda's AWS_LAMBDA_LOG_LEVEL values, in its order. */
enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

struct log {
    int fd;
    enum log_level level;  /* lines below it are not written */
    bool json;             /* AWS_LAMBDA_LOG_FORMAT=JSON */
    struct str request_id; /* on every line while present; borrowed */
    struct str trace_id;
    int64_t (*now_ms)(void);
};

/* Reads AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL as given (either may be NULL; an unknown
 * level is INFO, Lambda's default). */
void log_init(struct log *log, int fd, const char *format, const char *level,
              int64_t (*now_ms)(void));

/* One more pair of a line: text (when present) or number. */
struct log_field {
    const char *name;
    struct str text;
    int64_t number;
};

/* Writes a line {"timestamp","level","message","requestId", fields...}; text form: the same in
 * words. A line over 64 KiB is replaced by one that says so. Failure to write is ignored: there is
 * nobody left to tell. */
void log_line(const struct log *log, enum log_level level, struct str message,
              const struct log_field *fields, size_t n);
void log_printf(const struct log *log, enum log_level level, const char *fmt, ...) TW_PRINTF(3, 4);

#endif
