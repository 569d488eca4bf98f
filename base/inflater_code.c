/* Making the tables. Codes in order of length, and of symbol within a length, count upwards (RFC
 * 1951, 3.2.2); read lowest bit first, they count with their bits turned round. The main table is
 * made for the shortest codes first and doubled with each bit more, so that what was written comes
 * along by itself. */
#include "base/inflater_code.h"

#include <string.h>

#define BIT_OF_CODE 0x101u /* one more, both to take and of the code */

#define LIT(v)     (CODE_LITERAL | (uint32_t)(v) << 16)
#define LIT4(v)    LIT(v), LIT((v) + 1), LIT((v) + 2), LIT((v) + 3)
#define LIT16(v)   LIT4(v), LIT4((v) + 4), LIT4((v) + 8), LIT4((v) + 12)
#define LIT64(v)   LIT16(v), LIT16((v) + 16), LIT16((v) + 32), LIT16((v) + 48)
#define AT(v, n)   ((uint32_t)(v) << 16 | (n)) /* least value, extra bits */
#define NO_MEANING (CODE_SPECIAL | CODE_INVALID)

/* What an entry says of each symbol beside its code's bits (3.2.5). */
static const uint32_t symbols[CODE_SYMBOLS_MAX] = {
    LIT64(0),
    LIT64(64),
    LIT64(128),
    LIT64(192),
    CODE_SPECIAL | CODE_END,
    /* lengths, from 257 */
    AT(3, 0),
    AT(4, 0),
    AT(5, 0),
    AT(6, 0),
    AT(7, 0),
    AT(8, 0),
    AT(9, 0),
    AT(10, 0),
    AT(11, 1),
    AT(13, 1),
    AT(15, 1),
    AT(17, 1),
    AT(19, 2),
    AT(23, 2),
    AT(27, 2),
    AT(31, 2),
    AT(35, 3),
    AT(43, 3),
    AT(51, 3),
    AT(59, 3),
    AT(67, 4),
    AT(83, 4),
    AT(99, 4),
    AT(115, 4),
    AT(131, 5),
    AT(163, 5),
    AT(195, 5),
    AT(227, 5),
    AT(258, 0),
    NO_MEANING,
    NO_MEANING,
};

static const uint32_t distances[CODE_DISTANCES_MAX] = {
    AT(1, 0),     AT(2, 0),     AT(3, 0),     AT(4, 0),      AT(5, 1),      AT(7, 1),
    AT(9, 2),     AT(13, 2),    AT(17, 3),    AT(25, 3),     AT(33, 4),     AT(49, 4),
    AT(65, 5),    AT(97, 5),    AT(129, 6),   AT(193, 6),    AT(257, 7),    AT(385, 7),
    AT(513, 8),   AT(769, 8),   AT(1025, 9),  AT(1537, 9),   AT(2049, 10),  AT(3073, 10),
    AT(4097, 11), AT(6145, 11), AT(8193, 12), AT(12289, 12), AT(16385, 13), AT(24577, 13),
    NO_MEANING,   NO_MEANING,
};

/* Code lengths, and how often the last one or zero comes again (3.2.7). */
static const uint32_t lengths_of_codes[CODE_LENGTHS_MAX] = {
    AT(0, 0),  AT(1, 0),  AT(2, 0),  AT(3, 0),  AT(4, 0),  AT(5, 0),  AT(6, 0),
    AT(7, 0),  AT(8, 0),  AT(9, 0),  AT(10, 0), AT(11, 0), AT(12, 0), AT(13, 0),
    AT(14, 0), AT(15, 0), AT(16, 2), AT(17, 3), AT(18, 7),
};

struct alphabet {
    const uint32_t *entries;
    unsigned main_bits;
    bool may_be_partial;
};

static const struct alphabet alphabets[] = {
    [CODE_OF_LENGTHS] = {lengths_of_codes, CODE_LENGTH_BITS, false},
    [CODE_OF_SYMBOLS] = {symbols, CODE_SYMBOL_BITS, true},
    [CODE_OF_DISTANCES] = {distances, CODE_DISTANCE_BITS, true},
};

/* The code being made. */
struct making {
    const struct alphabet *of;
    uint32_t *table;
    unsigned count[CODE_BITS_MAX + 1]; /* of codes of each length still to be entered */
    uint16_t sorted[CODE_SYMBOLS_MAX]; /* by length, then number */
    const uint16_t *next;              /* symbol to be entered */
    unsigned code;                     /* of it, bits turned round */
};

static void sort_symbols(struct making *m, const uint8_t *lengths, unsigned n)
{
    unsigned at[CODE_BITS_MAX + 1];
    for (unsigned i = 0; i < n; i++)
        m->count[lengths[i]]++;
    at[0] = 0;
    at[1] = 0;
    for (unsigned bits = 1; bits < CODE_BITS_MAX; bits++)
        at[bits + 1] = at[bits] + m->count[bits];
    for (unsigned i = 0; i < n; i++)
        if (lengths[i])
            m->sorted[at[lengths[i]]++] = (uint16_t)i;
    m->next = m->sorted;
}

/* Codes of CODE_BITS_MAX bits that no symbol has; negative when there are too few. */
static int unused_codes(const struct making *m)
{
    int left = 1;
    for (unsigned bits = 1; bits <= CODE_BITS_MAX; bits++)
        left = left * 2 - (int)m->count[bits];
    return left;
}

static void fill_all(const struct making *m, uint32_t entry)
{
    for (unsigned i = 0; i < 1u << m->of->main_bits; i++)
        m->table[i] = entry;
}

/* No code, or one of one bit: the rest is invalid, and is told from one bit. */
static void fill_partial(const struct making *m)
{
    fill_all(m, (m->of->may_be_partial ? NO_MEANING : m->of->entries[0]) + BIT_OF_CODE);
    if (m->count[1])
        for (unsigned i = 0; i < 1u << m->of->main_bits; i += 2)
            m->table[i] = m->of->entries[m->sorted[0]] + BIT_OF_CODE;
}

/* The next code of so many bits, turned round: the highest zero becomes one, all above it zero. At
 * the last code nothing comes behind. */
static unsigned next_code(unsigned code, unsigned bits)
{
    unsigned zeros = ~code & ((1u << bits) - 1);
    if (!zeros)
        return code;
    unsigned bit = 1u << (31 - __builtin_clz(zeros));
    return (code & (bit - 1)) | bit;
}

static uint32_t take_entry(struct making *m, unsigned bits)
{
    return m->of->entries[*m->next++] + bits * BIT_OF_CODE;
}

static void fill_main(struct making *m)
{
    for (unsigned bits = 1; bits <= m->of->main_bits; bits++) {
        size_t half = (size_t)1 << (bits - 1);
        memcpy(m->table + half, m->table, half * sizeof *m->table);
        for (; m->count[bits]; m->count[bits]--) {
            m->table[m->code] = take_entry(m, bits);
            m->code = next_code(m->code, bits);
        }
    }
}

/* Index bits that the second table of the codes from here on needs: until they fill it. */
static unsigned second_bits(const struct making *m, unsigned bits)
{
    unsigned index = bits - m->of->main_bits;
    unsigned filled = m->count[bits];
    while (filled < 1u << index && m->of->main_bits + index < CODE_BITS_MAX) {
        index++;
        filled = filled * 2 + m->count[m->of->main_bits + index];
    }
    return index;
}

static void fill_second(struct making *m)
{
    const unsigned main_bits = m->of->main_bits;
    const unsigned mask = (1u << main_bits) - 1;
    unsigned at = 0, index = 0, prefix = UINT32_MAX, end = mask + 1;
    for (unsigned bits = main_bits + 1; bits <= CODE_BITS_MAX; bits++)
        for (; m->count[bits]; m->count[bits]--) {
            if ((m->code & mask) != prefix) {
                prefix = m->code & mask;
                index = second_bits(m, bits);
                at = end;
                end += 1u << index;
                m->table[prefix] = CODE_SPECIAL | CODE_MORE | at << 16 | index << 8 | main_bits;
            }
            uint32_t entry = take_entry(m, bits - main_bits);
            for (unsigned i = m->code >> main_bits; i < 1u << index; i += 1u << (bits - main_bits))
                m->table[at + i] = entry;
            m->code = next_code(m->code, bits);
        }
}

bool code_build(enum code_kind kind, uint32_t *table, const uint8_t *lengths, unsigned n)
{
    struct making m = {.of = &alphabets[kind], .table = table};
    sort_symbols(&m, lengths, n);
    m.count[0] = n - m.count[0]; /* of codes from here on */
    int unused = unused_codes(&m);
    if (unused < 0)
        return false;
    if (m.count[0] == 0 || (unused && m.of->may_be_partial && m.count[0] == 1 && m.count[1])) {
        fill_partial(&m);
        return true;
    }
    if (unused)
        return false;
    fill_main(&m);
    fill_second(&m);
    return true;
}
