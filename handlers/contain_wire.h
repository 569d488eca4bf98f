/* The record of a contained principal as bytes of the state. Inner part of containment. */
#ifndef TW_HANDLERS_CONTAIN_WIRE_H
#define TW_HANDLERS_CONTAIN_WIRE_H

#include "handlers/contain_record.h"

/* Reads what contain_record_put wrote, all of it into out->memory; members that it does not know
 * are left alone. ERR_INPUT when it is none of ours, ERR_LIMIT when the arena is full. */
TW_MUST_USE bool contain_record_parse(struct str json, struct contain_record *out, struct err *e);

#endif
