/* Which IAM permissions the calls that this program signs need. */
#ifndef TW_AWS_PERMISSION_H
#define TW_AWS_PERMISSION_H

#include "aws/endpoint.h"

/* "s3:GetObject, s3:GetObjectVersion" for S3's GetObject, for sentences; NULL for a call that is
 * not in the table: those of containment are in iam_actions[] (handlers/iam.h), the rest need none.
 * The grants of template.yaml are held against both tables (tests/e2e/test_template.py). */
const char *permission_of(enum aws_service service, const char *call);

#endif
