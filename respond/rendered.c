/* Fitting messages to the wire. */
#include "respond/rendered.h"

#include "base/escape.h"
#include "respond/put.h"

void rendered_init(struct rendered *r)
{
    *r = (struct rendered){0};
    buf_init(&r->subject, MESSAGE_SUBJECT_MAX);
    buf_init(&r->text, MESSAGE_TEXT_WIRE_MAX);
    buf_init(&r->json, MESSAGE_JSON_WIRE_MAX);
    buf_init(&r->values, MESSAGE_VALUE_MAX * 3 * MESSAGE_ATTRIBUTES_MAX); /* U+FFFD has 3 bytes */
}

void rendered_release(struct rendered *r)
{
    buf_release(&r->subject);
    buf_release(&r->text);
    buf_release(&r->json);
    buf_release(&r->values);
}

void rendered_begin(struct rendered *r)
{
    buf_reset(&r->subject);
    buf_reset(&r->text);
    buf_reset(&r->json);
    buf_reset(&r->values);
    r->message = (struct message){0};
    /* All room at once: the values must not move while attributes point at them. */
    buf_room(&r->values, r->values.max);
}

/* Whether s as a JSON string has at most max bytes. */
static bool fits_wire(struct str s, size_t max)
{
    struct buf b;
    buf_init(&b, max);
    buf_put_json(&b, s);
    bool fits = !b.failed;
    buf_release(&b);
    return fits;
}

bool rendered_json_fits(const struct rendered *r)
{
    return !r->json.failed && fits_wire(buf_str(&r->json), MESSAGE_JSON_WIRE_MAX);
}

bool rendered_take_text(struct rendered *r, const struct buf *draft)
{
    buf_reset(&r->text);
    buf_put_xmlchars(&r->text, buf_str(draft));
    return !draft->failed && !r->text.failed && fits_wire(buf_str(&r->text), MESSAGE_TEXT_WIRE_MAX);
}

void rendered_put_ascii(struct buf *b, struct str s, size_t max)
{
    size_t end = b->n + max;
    while (s.n && b->n < end) {
        int32_t c = utf8_take(&s);
        buf_putc(b, c >= 0x20 && c < 0x7F ? (char)c : '?');
    }
}

void rendered_add(struct rendered *r, const char *name, struct str value)
{
    struct message *m = &r->message;
    size_t from = r->values.n;
    buf_put_xmlchars(&r->values, text_cut(value, MESSAGE_VALUE_MAX));
    struct str clean = str_skip(buf_str(&r->values), from);
    if (clean.n)
        m->attributes[m->n_attributes++] = (struct message_attribute){name, clean};
}

bool rendered_end(struct rendered *r, bool fits, struct str id, const char *what, struct err *e)
{
    if (!fits || r->subject.failed || r->text.failed || r->json.failed || r->values.failed)
        return err_set(e, ERR_LIMIT, "no memory for the message of %s %.*s", what, (int)id.n, id.p);
    r->message.id = id;
    r->message.subject = buf_str(&r->subject);
    r->message.text = buf_str(&r->text);
    r->message.json = buf_str(&r->json);
    return true;
}
