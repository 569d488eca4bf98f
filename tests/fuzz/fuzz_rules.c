/* Any bytes as a rule file, in both dialects, then its rules over a small event: loading and
 * matching end, within their limits, without a fault. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/event.h"
#include "engine/falco_term.h"
#include "engine/loader.h"

#define OUTPUT_MAX 65536

static const char record[] =
    "{\"eventID\":\"1\",\"eventName\":\"CreateUser\",\"eventSource\":\"iam.amazonaws.com\","
    "\"eventTime\":\"2026-03-17T14:05:00Z\",\"readOnly\":false,\"errorCode\":null,\"n\":22,"
    "\"sourceIPAddress\":\"192.0.2.7\",\"requestParameters\":{\"items\":[{\"a\":\"x\"},{\"a\":[1]}]"
    "},"
    "\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"A\\u0062\"}}";

static void match(const struct ruleset *rs)
{
    struct event ev;
    struct err e;
    size_t used, n;
    if (!event_init(&ev, rs, &e))
        return;
    if (event_read(&ev, str_of(record), &used, &e) != JSON_OK)
        abort();
    const uint32_t *hits = event_match(&ev, &n);
    for (size_t i = 0; i < n; i++) {
        struct buf out;
        buf_init(&out, OUTPUT_MAX);
        if (rs->rules[hits[i]].dialect == DIALECT_FALCO)
            falco_put_output(&out, &ev, rs->rules + hits[i]);
        buf_release(&out);
    }
    event_release(&ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diags diags;
    struct err e;
    struct ruleset *rs = NULL;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    if (l && loader_add(l, S("fuzz.yml"), str_n((const char *)data, size), &e) &&
        loader_finish(l, &rs, &e))
        match(rs);
    ruleset_free(rs);
    loader_free(l);
    diags_release(&diags);
    return 0;
}
