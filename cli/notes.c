/* Sentences of a handler. */
#include "cli/notes.h"

#include <stdio.h>

static void note(void *to, enum handle_note what, const char *sentence)
{
    (void)to;
    (void)what;
    fprintf(stderr, "trailwarden: %s\n", sentence);
}

struct handle_notes notes_printed(void)
{
    return (struct handle_notes){NULL, note, NULL};
}
