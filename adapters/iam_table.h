/* What each call of handlers/iam.h sends, and what of its answer is read: the data that iam_put.c
 * and iam_read.c walk over. */
#ifndef TW_ADAPTERS_IAM_TABLE_H
#define TW_ADAPTERS_IAM_TABLE_H

#include "aws/endpoint.h"
#include "handlers/iam.h"

/* What an argument has to look like. */
enum iam_form {
    IAM_FORM_NONE,
    A_USER,
    A_ROLE,
    A_GROUP,
    A_POLICY_NAME,
    A_POLICY_ARN,
    A_PROFILE_NAME,
    A_DOCUMENT,
    A_KEY,
    A_SERIAL,
    A_CREDENTIAL,
    A_UUID,
    A_TAG,
    A_TAG_VALUE,
    A_PASSWORD,
    A_INSTANCE,
    A_ASSOCIATION,
    A_SECRET_NAME,
    A_TOKEN,
    A_SECRET,
    A_STATUS, /* of `active`: Active, Inactive */
    A_FLAG,   /* of `active`: true, false */
    IAM_FORMS
};

struct iam_form_row {
    const char *what; /* for sentences */
    size_t offset;    /* of the member of struct iam_call */
    size_t min, max;
    const char *letters; /* allowed beside ASCII letters and digits; NULL: all bytes but NUL */
};
extern const struct iam_form_row iam_forms[IAM_FORMS];

/* Where a text of an answer goes: into the answer, or into the newest item. */
enum iam_place {
    TO_NOTHING,
    TO_NAME,
    TO_ID,
    TO_PATH,
    TO_ARN,
    TO_ACCOUNT,
    TO_TRUST,    /* percent-encoded in the answer (RFC 3986), as policies are */
    TO_DOCUMENT, /* the same */
    TO_BOUNDARY,
    TO_ACTIVE,
    TO_SECRET,
    TO_ITEM_NAME,
    TO_ITEM_ID,
    TO_ITEM_VALUE,
    TO_ITEM_ACTIVE
};

/* An element of an XML answer, by its name and its parent's; or a member of a JSON answer. */
struct iam_field {
    const char *parent, *element;
    enum iam_place place;
    bool must; /* an answer without it is none */
};

#define IAM_PARAMS_MAX 3
#define IAM_FIELDS_MAX 8

/* How an answer is read. */
struct iam_reader {
    const char *list, *item; /* the element that holds the items, and theirs; NULL: no items */
    bool list_must;
    struct iam_field fields[IAM_FIELDS_MAX];
};

struct iam_param {
    const char *name; /* on the wire */
    enum iam_form form;
};

struct iam_wire {
    enum aws_service service;
    struct iam_param params[IAM_PARAMS_MAX];
    const struct iam_reader *reader; /* NULL: nothing to read */
    const char *path, *verb;         /* Roles Anywhere: "/profile/" id "/disable"; verb NULL: GET */
    const char *fixed;               /* what a query always says beside */
    const char *marker; /* names of the page's marker in the answer and in the next request, if */
    const char *marker_param; /* it comes in pages */
};
extern const struct iam_wire iam_wires[IAM_ACTIONS];

#endif
