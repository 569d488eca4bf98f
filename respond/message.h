/* What is told to people and machines, before it is put on a wire. */
#ifndef TW_RESPOND_MESSAGE_H
#define TW_RESPOND_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define MESSAGE_ATTRIBUTES_MAX 8 /* SQS takes 10 with raw delivery; two are left for the reader */

/* One attribute for filter policies; type String. value is never empty (SNS refuses that). */
struct message_attribute {
    const char *name;
    struct str value;
};

/* One alert or incident, rendered. All borrowed. The sum of text, json (as each is escaped into the
 * wire form) and attributes stays under MESSAGE_BYTES_MAX; subject is printable ASCII, under 100.
 */
struct message {
    struct str id;      /* of the alert; stable across repeats, and shared by its updates */
    uint32_t updates;   /* 0: the alert itself; n: its n-th update. (id, updates) is the message */
    struct str account; /* that it is about; absent when not known */
    struct str subject; /* for e-mail */
    struct str text;    /* for people */
    struct str json;    /* for machines: the alert as INTERFACES calls it */
    struct message_attribute attributes[MESSAGE_ATTRIBUTES_MAX];
    size_t n_attributes;
};

/* SNS refuses a publish whose body and attributes pass 262,144 bytes together. */
#define MESSAGE_BYTES_MAX   262144
#define MESSAGE_SUBJECT_MAX 99

#endif
