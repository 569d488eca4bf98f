/* VPC Flow Logs: inflated bytes in, in pieces of any size; one event for each flow out. The sibling
 * of handlers/records.h for text with a line for each record:
 *
 *     version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start
 * ... 2 111122223333 eni-0a1b2c3d4e5f60718 10.0.1.5 198.51.100.7 51612 443 6 10 8000 1773756151 ...
 *
 * The header tells the columns, in any order and of any version. Objects in S3 have one; what comes
 * out of CloudWatch has none: such a line is one of the default format's, or of the format given. A
 * value of "-" is absent. Lines whose log-status is NODATA or SKIPDATA tell of no flow: they are
 * counted. No JSON is made: a value goes straight to the slot that rules name its column by. With
 * flowlog_sift, lines for which no rule can hold are counted and not delivered.
 *
 * A bad line (fields that are too many or too few, a number that is none, too long) is named,
 * counted and skipped. The result does not depend on how the bytes are cut into pieces. */
#ifndef TW_HANDLERS_FLOWLOG_H
#define TW_HANDLERS_FLOWLOG_H

#include "engine/sieve.h"
#include "handlers/flowformat.h"
#include "handlers/records.h"

/* A line. 96 columns of the longest values, ARNs of ECS, have some 20 KB. */
#define FLOW_LINE_MAX (32u << 10)

/* A column that rules or alerts ask for. */
struct flow_wanted {
    uint32_t column;
    uint32_t slot;
    uint8_t type; /* enum json_type */
};

/* Ends of fields that are found before they are used, and ends of lines: at least those of one
 * block more than any line's. */
#define FLOW_ENDS_MAX  2048
#define FLOW_FEEDS_MAX 512

/* Where fields end in a text, line ends among them, and where lines do. The first mark is the line
 * end in front of the first of n_ends fields; UINT32_MAX: that begins the text. */
struct flow_ends {
    uint32_t marks[1 + FLOW_ENDS_MAX], feeds[FLOW_FEEDS_MAX];
    uint32_t n_ends, n_feeds;
};

enum flow_told { FLOW_IS, FLOW_IS_NOT, FLOW_MORE };

/* One object after another; for one thread. */
struct flowlog {
    struct event *ev; /* borrowed */
    struct records_sink sink;
    struct records_counts *counts; /* borrowed; of the present object */
    struct flow_format given;      /* of lines without a header; n is 0: the default format */
    struct flow_format format;     /* of the present object */
    struct flow_wanted wanted[FLOW_COLUMNS_MAX];
    size_t n_wanted;
    struct sieve *sieve; /* of flowlog_sift, else NULL */
    struct flow_ends found;
    struct buf held; /* the beginning of a line that has not ended yet */
    bool dropping;   /* inside a line that is too long */
    uint64_t offset; /* of the first byte not consumed */
    uint64_t lines;  /* so far; the header is not among them */
};

void flowlog_init(struct flowlog *f, struct event *ev, struct records_sink sink,
                  struct records_counts *counts);
void flowlog_release(struct flowlog *f);
/* The format of lines without a header, from now on; false when it is none. */
TW_MUST_USE bool flowlog_set_format(struct flowlog *f, struct str format);
/* From now on, flows of which no rule of ev's can hold are counted but not delivered. False when
 * memory is out. */
TW_MUST_USE bool flowlog_sift(struct flowlog *f, struct err *e);

/* Whether a text that begins so is a flow log; FLOW_MORE: that takes more of it (FLOW_HEADER_MAX at
 * most), unless whole. */
enum flow_told flowlog_tell(const struct flowlog *f, struct str begin, bool whole);

/* Forgets the present object; keeps memory. Call before each. */
void flowlog_begin(struct flowlog *f);
/* As records_take and records_end. The first piece must hold what flowlog_tell has seen. */
TW_MUST_USE bool flowlog_take(void *self, struct str piece, struct err *e);
TW_MUST_USE bool flowlog_end(struct flowlog *f, struct err *e);

#endif
