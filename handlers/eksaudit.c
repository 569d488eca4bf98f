/* Telling EKS' log group, and writing the cluster into its records. */
#include "handlers/eksaudit.h"

#include "base/escape.h"
#include "engine/json.h"

#define GROUP_BEGIN S("/aws/eks/")
#define GROUP_END   S("/cluster")
#define NAME_BYTES  1024 /* of an escaped name; EKS allows 100 characters */

struct str eksaudit_cluster(struct str group)
{
    if (!str_starts(group, GROUP_BEGIN) || !str_ends(group, GROUP_END) ||
        group.n <= GROUP_BEGIN.n + GROUP_END.n)
        return STR_ABSENT;
    return str_slice(group, GROUP_BEGIN.n, group.n - GROUP_END.n);
}

bool eksaudit_is_stream(struct str stream)
{
    return str_starts(stream, S("kube-apiserver-audit-"));
}

static bool is_empty_object(struct str object)
{
    const char *p = json_blanks(object.p + 1, object.p + object.n);
    return p < object.p + object.n && *p == '}';
}

/* Appends the record with "cluster_name":"..." at the front of its annotations, or with annotations
 * in front of all else. */
static void put_named(struct buf *b, struct str record, struct str annotations, struct str cluster)
{
    struct str into = str_starts(annotations, S("{")) ? annotations : record;
    size_t at = (size_t)(into.p - record.p) + 1;
    buf_put(b, str_slice(record, 0, at));
    buf_putz(b, into.p == record.p ? "\"annotations\":{\"cluster_name\":" : "\"cluster_name\":");
    buf_put_json(b, cluster);
    buf_putz(b, into.p == record.p ? "}" : "");
    buf_putz(b, is_empty_object(into) ? "" : ",");
    buf_put(b, str_skip(record, at));
}

struct str eksaudit_named(struct arena *a, struct str record, struct str cluster)
{
    struct str annotations = json_member(record, S("annotations"));
    if (!str_starts(record, S("{")) || str_present(json_member(annotations, S("cluster_name"))))
        return record;
    struct buf b;
    buf_init(&b, record.n + NAME_BYTES);
    put_named(&b, record, annotations, cluster);
    struct str named = b.failed ? STR_ABSENT : arena_str(a, buf_str(&b));
    buf_release(&b);
    return named;
}
