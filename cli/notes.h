/* What a handler has to say, on standard error. */
#ifndef TW_CLI_NOTES_H
#define TW_CLI_NOTES_H

#include "handlers/handle.h"

/* "trailwarden: sentence", one a line. */
struct handle_notes notes_printed(void);

#endif
