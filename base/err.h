/* One protocol for failure: a fallible function returns bool and takes a struct err * last.
 * Whoever detects a failure writes the sentence; callers pass it up; the kind decides policy. */
#ifndef TW_BASE_ERR_H
#define TW_BASE_ERR_H

#include <stdbool.h>

/* What a caller may do about it. */
enum err_kind {
    ERR_NONE = 0,
    ERR_INPUT,    /* the data is bad: count it, name it, go on with the next */
    ERR_MISSING,  /* what was asked for is not there (no such object, file, key) */
    ERR_RETRY,    /* a passing fault: the same call may succeed later */
    ERR_CONFLICT, /* somebody else was first: read again */
    ERR_DENIED,   /* the other side refuses this identity: stop */
    ERR_LIMIT,    /* a named limit was reached: fail this piece of work */
    ERR_USAGE,    /* the caller's command, configuration or environment is wrong */
    ERR_SYSTEM    /* the operating system or a library failed */
};

#define ERR_TEXT_MAX 768

struct err {
    enum err_kind kind;
    char text[ERR_TEXT_MAX]; /* a sentence fit to print, without a newline, without secrets */
};

#define TW_MUST_USE          __attribute__((warn_unused_result))
#define TW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Writes kind and sentence (cut at ERR_TEXT_MAX) and returns false, so that a detector can say
 * `return err_set(e, ...)`. e may be NULL when nobody wants the sentence. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) TW_PRINTF(3, 4);

/* Puts "context: " in front of the sentence that is there; returns false. */
bool err_wrap(struct err *e, const char *fmt, ...) TW_PRINTF(2, 3);

#endif
