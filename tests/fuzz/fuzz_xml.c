/* Any bytes as an answer of AWS: reading ends without a fault, in S3's and the others' form. */
#include <stdint.h>
#include <stdlib.h>

#include "aws/fault.h"
#include "aws/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str document = str_n((const char *)data, size);
    struct xml x;
    struct err e;
    struct buf out;
    size_t steps = 0;
    buf_init(&out, 2 * size + 16); /* decoding makes nothing longer */
    xml_init(&x, document);
    while (xml_next(&x, &e) && x.kind != XML_END) {
        if (x.kind == XML_TEXT)
            xml_put_text(&x, &out);
        if (++steps > 2 * size + 2 || x.depth > XML_DEPTH_MAX || out.failed)
            abort();
    }
    buf_release(&out);

    struct http_reply reply;
    struct fault f;
    http_reply_init(&reply, size + 1);
    buf_put(&reply.body, document);
    reply.status = size % 2 ? 403 : 301;
    fault_init(&f);
    fault_read(&f, AWS_S3, &reply);
    fault_explain(&f, AWS_S3, "GetObject", reply.status, &e);
    if (memchr(e.text, '\n', strlen(e.text)))
        abort();
    fault_release(&f);
    http_reply_release(&reply);
    return 0;
}
