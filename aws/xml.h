/* A small strict XML reader for what AWS answers: elements and text. Attributes, comments and
 * processing instructions are skipped; a DOCTYPE is refused (no entities but the five of XML and
 * numbers), so nothing can be made to expand. */
#ifndef TW_AWS_XML_H
#define TW_AWS_XML_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define XML_DEPTH_MAX 16 /* AWS replies nest under 10 deep */

enum xml_kind { XML_OPEN, XML_TEXT, XML_CLOSE, XML_END };

struct xml {
    struct str rest;
    enum xml_kind kind;
    struct str name; /* of XML_OPEN and XML_CLOSE, without a namespace prefix */
    struct str text; /* of XML_TEXT, as written: xml_put_text decodes it */
    struct str open[XML_DEPTH_MAX];
    size_t depth;
    bool close_next; /* the last tag was <name/> */
    bool cdata;      /* text is to be taken literally */
};

/* Reads document, borrowed while reading. */
void xml_init(struct xml *x, struct str document);

/* Goes to the next piece; XML_END at the end, and ever after. ERR_INPUT when it is not well formed
 * (tags that do not match, a tag or comment cut off) or too deep. */
TW_MUST_USE bool xml_next(struct xml *x, struct err *e);

/* Appends the piece of text that xml_next has just found, entities decoded. An entity that XML does
 * not know stays as written. */
void xml_put_text(const struct xml *x, struct buf *out);

/* Behind an XML_OPEN: appends the element's text and stands on its XML_CLOSE; what is nested in it
 * is passed over. */
TW_MUST_USE bool xml_take_element(struct xml *x, struct buf *out, struct err *e);

/* Appends the text of the first element called name, however deep; false when there is none or what
 * stands before it is not well formed. */
bool xml_find(struct str document, const char *name, struct buf *out);

#endif
