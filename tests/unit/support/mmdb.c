/* The inverse of libmaxminddb, as far as tests need it. */
#include "tests/unit/support/mmdb.h"

#include <stdlib.h>

#include "engine/sigma_cidr.h"
#include "tests/unit/support/check.h"

#define NODES_MAX 4096 /* a network makes at most 128 */
#define EMPTY     UINT32_MAX

enum { TYPE_TEXT = 2, TYPE_U16 = 5, TYPE_U32 = 6, TYPE_MAP = 7, TYPE_U64 = 9, TYPE_ARRAY = 11 };

/* Type and size of what follows; types above 7 have a byte of their own. Sizes below 29 only, or
 * below 285 of a text. */
static void put_control(struct buf *b, int type, size_t size)
{
    int first = (type > 7 ? 0 : type) << 5;
    buf_putc(b, (char)(first | (size < 29 ? (int)size : 29)));
    if (type > 7)
        buf_putc(b, (char)(type - 7));
    if (size >= 29)
        buf_putc(b, (char)(size - 29));
}

static void put_be(struct buf *b, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_putc(b, (char)(v >> 8 * i));
}

static void put_text_value(struct buf *b, const char *z)
{
    put_control(b, TYPE_TEXT, strlen(z));
    buf_putz(b, z);
}

static void put_number(struct buf *b, int type, uint64_t v, int bytes)
{
    put_control(b, type, (size_t)bytes);
    put_be(b, v, bytes);
}

static void put_fields(struct buf *b, const struct mmdb_network *n)
{
    size_t fields = 0;
    while (fields < MMDB_FIELDS && n->fields[fields].name)
        fields++;
    put_control(b, TYPE_MAP, fields);
    for (size_t i = 0; i < fields; i++) {
        const struct mmdb_field *f = &n->fields[i];
        put_text_value(b, f->name);
        if (f->inner) {
            put_control(b, TYPE_MAP, 1);
            put_text_value(b, f->inner);
        }
        if (f->text)
            put_text_value(b, f->text);
        else
            put_number(b, TYPE_U32, f->number, 4);
    }
}

/* A record is a node's number, EMPTY, or NODES_MAX + the offset of data. */
struct tree {
    uint32_t records[NODES_MAX][2];
    uint32_t n;
};

static bool bit_of(const struct cidr *c, unsigned i)
{
    return c->bits[i / 64] >> (63 - i % 64) & 1;
}

static void add(struct tree *t, const struct cidr *c, uint32_t data)
{
    uint32_t node = 0;
    for (unsigned i = 0; i + 1 < c->prefix; i++) {
        uint32_t *record = &t->records[node][bit_of(c, i)];
        if (*record == EMPTY) {
            assert_true(t->n < NODES_MAX);
            t->records[t->n][0] = t->records[t->n][1] = EMPTY;
            *record = t->n++;
        }
        node = *record;
    }
    t->records[node][bit_of(c, c->prefix - 1)] = NODES_MAX + data;
}

static void put_tree(struct buf *out, const struct tree *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        for (int side = 0; side < 2; side++) {
            uint32_t r = t->records[i][side];
            put_be(out, r == EMPTY ? t->n : r < NODES_MAX ? r : r - NODES_MAX + t->n + 16, 4);
        }
}

static void put_about(struct buf *out, uint32_t nodes, bool v6)
{
    buf_putz(out, "\xab\xcd\xefMaxMind.com");
    put_control(out, TYPE_MAP, 9);
    put_text_value(out, "node_count");
    put_number(out, TYPE_U32, nodes, 4);
    put_text_value(out, "record_size");
    put_number(out, TYPE_U16, 32, 2);
    put_text_value(out, "ip_version");
    put_number(out, TYPE_U16, v6 ? 6 : 4, 2);
    put_text_value(out, "database_type");
    put_text_value(out, "Test");
    put_text_value(out, "languages");
    put_control(out, TYPE_ARRAY, 0);
    put_text_value(out, "binary_format_major_version");
    put_number(out, TYPE_U16, 2, 2);
    put_text_value(out, "binary_format_minor_version");
    put_number(out, TYPE_U16, 0, 2);
    put_text_value(out, "build_epoch");
    put_number(out, TYPE_U64, 1767225600, 8);
    put_text_value(out, "description");
    put_control(out, TYPE_MAP, 0);
}

void mmdb_put(struct buf *out, bool v6, const struct mmdb_network *networks, size_t n)
{
    struct tree *t = calloc(1, sizeof *t);
    struct buf data;
    struct err e = {0};
    assert_non_null(t);
    buf_init(&data, 1 << 20);
    t->n = 1;
    t->records[0][0] = t->records[0][1] = EMPTY;
    for (size_t i = 0; i < n; i++) {
        struct cidr c;
        assert_true(cidr_parse(str_of(networks[i].cidr), &c, &e));
        assert_true(c.v6 == v6);
        add(t, &c, (uint32_t)data.n);
        put_fields(&data, &networks[i]);
    }
    put_tree(out, t);
    put_be(out, 0, 8);
    put_be(out, 0, 8);
    buf_put(out, buf_str(&data));
    put_about(out, t->n, v6);
    assert_false(out->failed || data.failed);
    buf_release(&data);
    free(t);
}
