/* Compiled rules: a ruleset as it lies in memory, in one file that is mapped and used as it is.
 *
 *   header   magic, sum of the header, length, sum of the tables, format; which program made it;
 * the hash of the rules and of the configuration they were compiled with; numbers of rows tables
 * those of ruleset_tables, in their order, each from a multiple of 16 bytes on
 *
 * Nothing in it is an address: rows refer to each other by number. It depends on byte order and on
 * the size of types, which x86-64 and arm64 share, and on what engine/ means by its numbers: the
 * header holds a hash of engine's sources, and another program's bundle is refused.
 *
 * The two sums are because opening takes the same time for any number of rules: the tables are
 * summed before they are used, which for a function is when its first event has come.
 *
 * The sums are against damage, not against forgery: whoever may write the function's package may as
 * well write rules. Numbers that sums cannot vouch for, for a faulty program has written them, are
 * found by looking at each once, at the same time. Pure; adapters/rules.h reads and writes the
 * file. */
#ifndef TW_ENGINE_BUNDLE_H
#define TW_ENGINE_BUNDLE_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/ruleset.h"

#define BUNDLE_MAX (256u << 20) /* 10,000 rules make some 20 MB */

/* What a bundle tells beside its rules. */
struct bundle_facts {
    uint32_t n_files;                   /* that the rules came from */
    bool durable;                       /* nothing in it that only `scan` can evaluate */
    unsigned char config[SHA256_BYTES]; /* of the configuration's part for rules; zero: none */
};

/* Whether the bytes begin like a bundle, of whatever version. */
bool bundle_is(struct str bytes);

/* Appends the rules to out. ERR_LIMIT when they do not fit. */
TW_MUST_USE bool bundle_put(const struct ruleset *rs, const struct bundle_facts *facts,
                            struct buf *out, struct err *e);

/* Takes the rules that lie at bytes, n of them, aligned to 16. They are used where they are, until
 * ruleset_free calls release(bytes, n). ERR_INPUT, and nothing is kept, when they are no bundle, or
 * cut off, or made by another version, or when the header is damaged. The tables are not looked at:
 * before bundle_check has said that they are whole, only the numbers of rows and what the header
 * tells (hash, names_geo) may be used. */
TW_MUST_USE bool bundle_open(void *bytes, size_t n, void (*release)(void *bytes, size_t n),
                             struct bundle_facts *facts, struct ruleset **out, struct err *e);

/* Whether the tables of opened rules are as they were written, and their numbers such that they can
 * be followed (engine/bundle_check.h); ERR_INPUT when they are damaged. True for rules that come
 * from no bundle. */
TW_MUST_USE bool bundle_check(const struct ruleset *rs, struct err *e);

/* Writes both sums into the n bytes of a bundle whose header is otherwise in order. */
void bundle_seal(char *bytes, size_t n);

#endif
