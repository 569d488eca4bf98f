/* Any payload through envelope_read: no crash, and what comes out keeps its own bounds. */
#include <stdlib.h>

#include "handlers/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct work *w, const struct work_item *item)
{
    if (item->group >= w->groups.n)
        abort();
    if (item->kind == WORK_RECORD)
        return;
    if (item->ref.bucket.n < 3 || item->ref.key.n == 0 || item->ref.key.n > OBJECT_KEY_MAX)
        abort();
    for (size_t i = 0; i < item->ref.bucket.n; i++)
        if (item->ref.bucket.p[i] == '/' || item->ref.bucket.p[i] <= ' ')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work w;
    struct err e = {0};
    work_init(&w);
    bool ok = envelope_read(&w, str_n((const char *)data, size), &e);
    if (!ok && (e.kind == ERR_NONE || !e.text[0]))
        abort();
    for (size_t i = 0; i < w.items.n; i++)
        check_item(&w, work_item_at(&w, i));
    for (size_t i = 0; i < w.groups.n; i++)
        if (work_group_at(&w, i)->failures && !str_present(work_group_at(&w, i)->why))
            abort();
    work_release(&w);
    return 0;
}
