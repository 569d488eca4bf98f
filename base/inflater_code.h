/* Tables by which DEFLATE's codes are read (RFC 1951, 3.2).
 *
 * The next bits of the data, as many as the main table has bits, are the index of the entry. Codes
 * that are longer share an entry that names a second table, for the bits behind. An entry:
 *
 *     bits 0-7    bits to take: the code and, of lengths and distances, the extra bits behind it
 *     bits 8-11   bits of the code alone; of CODE_MORE: index bits of the second table
 *     bit 12      CODE_MORE: the value is where the second table begins; its entries count from
 * there bit 13      CODE_END: the block ends bit 14      CODE_INVALID: no such code, or one that
 * stands for nothing bit 15      CODE_SPECIAL: one of the three before bits 16-30  the value: a
 * byte, the least length or distance, a code length bit 31      CODE_LITERAL: the value is a byte
 */
#ifndef TW_BASE_INFLATER_CODE_H
#define TW_BASE_INFLATER_CODE_H

#include <stdbool.h>
#include <stdint.h>

#define CODE_MORE    (1u << 12)
#define CODE_END     (1u << 13)
#define CODE_INVALID (1u << 14)
#define CODE_SPECIAL (1u << 15)
#define CODE_LITERAL (1u << 31)

/* Longest code, and symbols of each alphabet (3.2.7; the fixed codes name some more that stand for
 * nothing, 3.2.6). */
#define CODE_BITS_MAX      15
#define CODE_SYMBOLS_MAX   288
#define CODE_DISTANCES_MAX 32
#define CODE_LENGTHS_MAX   19

/* Bits of the main tables. 11 and 8 hold nearly every code of JSON that zlib compressed, and stay
 * in the first-level cache. Codes of code lengths have at most 7 bits. */
#define CODE_SYMBOL_BITS   11
#define CODE_DISTANCE_BITS 8
#define CODE_LENGTH_BITS   7
/* The most entries that main and second tables of any complete code take, as zlib's
 * examples/enough.c counts them ("enough 288 11 15", "enough 32 8 15"). */
#define CODE_SYMBOL_TABLE   2342
#define CODE_DISTANCE_TABLE 402

/* Which alphabet, and with it the main table's bits. */
enum code_kind { CODE_OF_LENGTHS, CODE_OF_SYMBOLS, CODE_OF_DISTANCES };

/* Makes the table of the code whose n symbols have these lengths (0: not used). False when there is
 * no such code: lengths that ask for more codes than there are, or leave some unused. As with zlib,
 * one code of one bit may leave the other unused, unless it is of code lengths, and no code at all
 * is an error only when one is read. */
bool code_build(enum code_kind kind, uint32_t *table, const uint8_t *lengths, unsigned n);

static inline unsigned code_value(uint32_t entry)
{
    return entry >> 16 & 0x7fff;
}

/* Bits of the code alone. */
static inline unsigned code_bits(uint32_t entry)
{
    return entry >> 8 & 0xf;
}

/* Bits of the code and of the extra bits behind it. */
static inline unsigned code_take(uint32_t entry)
{
    return entry & 0xff;
}

#endif
