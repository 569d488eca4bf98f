/* The state of windows in one DynamoDB table: keys pk and sk (strings), TTL attribute expires
 * (seconds). docs/state.md shows the items. Needs dynamodb:UpdateItem, PutItem, GetItem, Query. */
#ifndef TW_ADAPTERS_DYNAMODB_H
#define TW_ADAPTERS_DYNAMODB_H

#include "aws/client.h"
#include "handlers/state.h"

#define DYNAMODB_TABLE_MAX 255 /* table names have 3 to 255 bytes of [a-zA-Z0-9_.-] */

/* What was used, as DynamoDB says (ReturnConsumedCapacity); writes that a condition refused are
 * not told, though they cost as much. */
struct dynamodb_use {
    double write_units, read_units;
    uint64_t requests;
};

/* What is known of the form that the table's items are in. */
enum dynamodb_format {
    DYNAMODB_FORMAT_UNASKED,
    DYNAMODB_FORMAT_ABSENT, /* nothing was written yet: the first write says in which */
    DYNAMODB_FORMAT_OURS
};

/* All borrowed; one client, one thread. */
struct dynamodb {
    struct aws_client *client;
    struct str table;
    const struct aws_world *world; /* its wall clock decides what has expired */
    bool archive;                  /* set by who reads old events on purpose: nothing has expired */
    struct dynamodb_use *use;      /* set by who wants to know; NULL: DynamoDB is not asked */
    enum dynamodb_format format;
    struct dynamodb_lane {
        struct buf body;
        struct buf next; /* page of a Query */
        bool add_only;   /* the first form of an add was refused */
    } lanes[HTTP_LANES];
};

/* ERR_USAGE when the name is no table's. Release it. */
TW_MUST_USE bool dynamodb_init(struct dynamodb *d, struct aws_client *client,
                               const struct aws_world *world, struct str table, struct err *e);
void dynamodb_release(struct dynamodb *d);

/* The port; d is borrowed. The requests of a batch go out side by side. Throttling is waited out by
 * the client, inside its deadline. An ADD to a full set is ERR_LIMIT. The first request is preceded
 * by one that asks for the table's format, the first write into a table without by one that says
 * it: ERR_USAGE when a newer version has written there. */
struct port_state dynamodb_state(struct dynamodb *d);

#endif
