/* A scan whose results come back as text. */
#include "cli/simulate_scan.h"

#include <stdio.h>
#include <unistd.h>

#include "adapters/files.h"
#include "adapters/state.h"
#include "cli/scan.h"

static bool scan_folder(struct scan *s, const char *folder, struct err *e)
{
    const struct port_objects files = files_port();
    struct walk *walk = NULL;
    struct str path;
    uint64_t bytes;
    bool ok = walk_new(&folder, 1, FILES_LOGS, &walk, e);
    while (ok && (ok = walk_next(walk, &path, &bytes, e)) && str_present(path)) {
        const struct object_ref ref = {.key = path};
        ok = scan_object(s, &files, &ref, path, e);
    }
    walk_free(walk);
    return ok && scan_finish(s, e);
}

static bool scan_into(const struct ruleset *rules, const char *folder, enum scan_emit emit,
                      struct output *out, struct err *e)
{
    const struct scan_options options = {
        .emit = emit, .format = FORMAT_JSONL, .min_level = LEVEL_LOW};
    struct scan s;
    struct state *state = state_open(NULL, e);
    if (!state)
        return false;
    const struct scan_state memory = {state_port(state), false};
    bool ok = scan_init(&s, rules, &options, &memory, out, e) && scan_folder(&s, folder, e) &&
              output_commit(out, e);
    scan_release(&s);
    state_close(state);
    return ok;
}

static bool read_back(FILE *f, struct buf *told, struct err *e)
{
    rewind(f);
    for (;;) {
        char *to = buf_room(told, 1u << 16);
        size_t n = to ? fread(to, 1, 1u << 16, f) : 0;
        if (n == 0)
            break;
        buf_added(told, n);
    }
    return buf_ok(told, "what was told", e) &&
           (!ferror(f) || err_set(e, ERR_SYSTEM, "a temporary file cannot be read"));
}

bool simulate_scan(const struct ruleset *rules, const char *folder, bool incidents,
                   struct buf *told, struct err *e)
{
    const enum scan_emit emit = incidents ? EMIT_INCIDENTS : EMIT_ALERTS;
    FILE *f = tmpfile();
    struct output out = {.fd = f ? dup(fileno(f)) : -1};
    if (out.fd < 0) {
        if (f)
            fclose(f);
        return err_set(e, ERR_SYSTEM, "no temporary file");
    }
    buf_init(&out.pending, OUTPUT_LINE_MAX);
    bool ok = scan_into(rules, folder, emit, &out, e) && read_back(f, told, e);
    output_release(&out);
    fclose(f);
    return ok;
}
