/* A model of IAM for tests: some users and roles, what is on them, and calls that fail when they
 * are told to. */
#ifndef TW_TESTS_UNIT_SUPPORT_IAM_MODEL_H
#define TW_TESTS_UNIT_SUPPORT_IAM_MODEL_H

#include "handlers/ports.h"

#define MODEL_PRINCIPALS 6
#define MODEL_LIST       8
#define MODEL_TEXT       2304
#define MODEL_ACCOUNT    "111122223333"

struct model_entry {
    char id[128];
    char text[MODEL_TEXT]; /* a document, a tag's value */
    bool active;
};

struct model_list {
    struct model_entry list[MODEL_LIST];
    size_t n;
};

struct model_principal {
    bool role, there;
    char name[65], id[32], path[64], boundary[256], trust[MODEL_TEXT];
    struct model_list attached, inlines, keys, tags;
    bool console, reset;
};

/* What a call is to end with, whatever it is. */
struct model_fault {
    enum iam_result result; /* IAM_OK: no fault */
    bool done;              /* it has its effect all the same, but no answer */
};

/* An instance, the ARN of the profile that is on it, and the role that this holds. */
struct model_instance {
    char id[32], profile[128], role[65];
    bool on;
};

struct iam_model {
    struct model_instance instance; /* id empty: there is none */
    struct model_principal list[MODEL_PRINCIPALS];
    size_t n;
    uint64_t calls, writes;
    void *to;
    struct model_fault (*fault)(void *to, const struct iam_call *call); /* NULL: none */
};

/* Adds one that has nothing on it. */
struct model_principal *model_add(struct iam_model *m, bool role, const char *name, const char *id);
struct model_entry *model_put(struct model_list *l, const char *id, const char *text, bool active);
bool model_has(const struct model_list *l, const char *id);

struct port_iam iam_model_port(struct iam_model *m);

/* Appends all that is on the principal, the same text for the same state. */
void model_print(struct buf *b, const struct model_principal *p, bool console);

#endif
