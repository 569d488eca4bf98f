/* Which techniques of MITRE ATT&CK the rules see: an ATT&CK Navigator layer, and a page. */
#ifndef TW_RESPOND_COVERAGE_H
#define TW_RESPOND_COVERAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/ruleset.h"

#define COVERAGE_BYTES_MAX (16u << 20) /* of either text; 800 rules come to 0.3 MB */

struct coverage;

/* Sorts the rules that are told (muted ones are parts of others) under what their tags name. rs
 * must outlive it. A technique counts under those tactics of the rule that ATT&CK has it under;
 * under all that it has when the rule names none of them. ERR_SYSTEM without memory. */
TW_MUST_USE bool coverage_new(const struct ruleset *rs, struct coverage **out, struct err *e);
void coverage_free(struct coverage *c);

/* Appends a layer of Navigator's format 4.5 (github.com/mitre-attack/attack-navigator,
 * layers/spec/v4.5/layerformat.md), one technique object a line:
 *
 * {"name":"trailwarden","versions":{"attack":"18","navigator":"5.2.0","layer":"4.5"},
 *  "domain":"enterprise-attack","filters":{"platforms":["IaaS"]},...,"techniques":[
 *  {"techniqueID":"T1485.001","tactic":"impact","score":1,"comment":"high: Bucket emptied"},...
 *
 * Every cell of the matrix for IaaS is in it; its score is how many rules name the technique, of a
 * technique with parts, it or one of them. Cells beyond that matrix are in it where a rule names
 * them. */
void coverage_put_navigator(const struct coverage *c, struct buf *b);

/* Appends a page in Markdown: how much of each tactic is covered, then tactic by tactic the
 * techniques with the rules that name them and their levels, and what no tag places. */
void coverage_put_markdown(const struct coverage *c, struct buf *b);

#endif
