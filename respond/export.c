/* Choosing the form, and what they share. */
#include "respond/export.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "respond/export_parts.h"

const char *export_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

int64_t export_ms(const json_t *object, const char *member)
{
    int64_t ms;
    return time_parse(str_of(export_text(object, member)), &ms) ? ms : 0;
}

const char *export_first(const json_t *object, const char *list)
{
    const char *text = json_string_value(json_array_get(json_object_get(object, list), 0));
    return text ? text : "";
}

const json_t *export_find(const json_t *object, const char *list, const char *id)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(object, list), i, one)
    {
        if (str_eqz(str_of(export_text(one, "id")), id))
            return one;
    }
    return NULL;
}

int export_level(const json_t *object)
{
    static const char *const names[] = {"informational", "low", "medium", "high", "critical"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (str_eqz(str_of(export_text(object, "level")), names[i]))
            return i;
    return 0;
}

json_t *export_upto(const char *text, size_t max)
{
    size_t n = strlen(text);
    if (n > max)
        for (n = max; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
            continue;
    return json_stringn(text, n);
}

bool export_put(struct buf *out, enum export_format format, struct str incident, struct err *e)
{
    static json_t *(*const forms[])(const json_t *) = {
        [EXPORT_OCSF] = export_ocsf, [EXPORT_ASFF] = export_asff, [EXPORT_FLOW] = export_flow};
    json_error_t why;
    json_t *j = json_loadb(incident.p, incident.n, 0, &why);
    if (!j)
        return err_set(e, ERR_INPUT, "not an incident: %s", why.text);
    if (*export_text(j, "id") == 0) {
        json_decref(j);
        return err_set(e, ERR_INPUT, "not an incident: it has no id");
    }
    json_t *made = forms[format](j);
    char *text = made ? json_dumps(made, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    buf_put(out, text ? str_of(text) : STR_ABSENT);
    buf_putc(out, '\n');
    bool ok = text || err_set(e, ERR_SYSTEM, "no memory to export an incident");
    free(text);
    json_decref(made);
    json_decref(j);
    return ok;
}
