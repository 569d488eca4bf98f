/* Object keys as S3 writes them into its event notifications. */
#ifndef TW_HANDLERS_URLDECODE_H
#define TW_HANDLERS_URLDECODE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends the form-decoded text: `+` is a blank, %XX the byte it names, all else itself. S3 encodes
 * keys so ("The object key name value is URL encoded": Amazon S3 User Guide, event message
 * structure), and only there: CloudTrail's own SNS message and EventBridge carry the key as it is.
 * The bytes are kept, whether they are UTF-8 or not. ERR_INPUT, naming the position, when a % is
 * not followed by two hexadecimal digits; out may then hold a part. */
TW_MUST_USE bool urldecode_form(struct buf *out, struct str text, struct err *e);

#endif
