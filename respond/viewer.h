/* The report's viewer, built in from web/ by CMake. */
#ifndef TW_RESPOND_VIEWER_H
#define TW_RESPOND_VIEWER_H

#include "base/str.h"

/* Bytes of web/viewer.css, and of web/js one behind the other. Constants. */
struct str viewer_style(void);
struct str viewer_script(void);

#endif
