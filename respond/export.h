/* Incidents in the forms of others. Each is written from the incident's own JSON
 * (respond/incident_put.h), so it says what that says. */
#ifndef TW_RESPOND_EXPORT_H
#define TW_RESPOND_EXPORT_H

#include "base/buf.h"
#include "base/err.h"

enum export_format {
    EXPORT_OCSF, /* a Detection Finding (class 2004) of OCSF 1.5.0: https://schema.ocsf.io/1.5.0 */
    EXPORT_ASFF, /* a finding of Security Hub, as BatchImportFindings takes it:
                    https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html
                  */
    EXPORT_FLOW  /* a STIX 2.1 bundle with MITRE's Attack Flow 2.0.0, an action a signal:
                    https://center-for-threat-informed-defense.github.io/attack-flow/language/ */
};

/* Appends the incident (a JSON object) in the format, on one line with its end. ERR_INPUT when it
 * is no incident. */
TW_MUST_USE bool export_put(struct buf *out, enum export_format format, struct str incident,
                            struct err *e);

#endif
