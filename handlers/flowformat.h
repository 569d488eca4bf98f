/* What the columns of a VPC flow log mean: the header line of an object, or a format that was
 * given.
 *
 *     version account-id interface-id srcaddr dstaddr srcport dstport protocol ...
 *
 * Names, and which are numbers, are those of "Flow log records" (Amazon VPC User Guide) in versions
 * 2 to 10, and of the flow logs of transit gateways. A column of a later version is a string. */
#ifndef TW_HANDLERS_FLOWFORMAT_H
#define TW_HANDLERS_FLOWFORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Columns of one log. Documented are 60, the transit gateways' included. */
#define FLOW_COLUMNS_MAX 96
/* Bytes of a header line: all documented names together have 900. */
#define FLOW_HEADER_MAX 4096
/* A header has so many names that are known, or nothing else: what a text in plain words has not.
 */
#define FLOW_KNOWN_MIN 3

struct flow_format {
    char line[FLOW_HEADER_MAX];         /* what the names are borrowed from */
    struct str names[FLOW_COLUMNS_MAX]; /* n, in the order of the columns */
    bool numbers[FLOW_COLUMNS_MAX];     /* by column: its values are decimal numbers */
    size_t n;                           /* 0: no format */
    size_t status;                      /* position of log-status, or SIZE_MAX */
};

/* Reads a header line, without its line end; also with each name as ${name}, as AWS's API takes
 * formats. False, f being without a format, when it is no such line. f must not be moved after. */
bool flow_format_read(struct flow_format *f, struct str line);

/* Copies a format. */
void flow_format_copy(struct flow_format *to, const struct flow_format *from);

/* The format that flow logs have when none was asked for: the 14 columns of version 2. Logs in
 * CloudWatch have no header. */
void flow_format_default(struct flow_format *f);

/* Whether a line is one of the default format's: "2", an account or "unknown", an interface. */
bool flow_line_is_default(struct str line);

/* Whether it is a column's documented name. */
bool flow_column_known(struct str name);

/* Fields of a line: pieces between blanks. */
size_t flow_line_fields(struct str line);

#endif
