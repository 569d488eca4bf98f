/* A real store by name, opened by each process for itself. */
#ifndef TW_TESTS_MODEL_STORE_H
#define TW_TESTS_MODEL_STORE_H

#include "handlers/state.h"

struct store;

/* "dynamodb:TABLE", endpoint and credentials as the AWS SDKs take them; else an SQLite file. NULL
 * with e. Main has called curl_global_init. */
struct store *store_open(const char *name, struct err *e);
void store_close(struct store *s);
struct port_state store_port(struct store *s);

#endif
