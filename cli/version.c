/* trailwarden version: the program's version and the hash of the shipped rules. */
#include "base/version.h"

#include <string.h>

#include "cli/command.h"

int version_command(int argc, char **argv)
{
    struct err e = {0};
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("usage: trailwarden version\n\n"
               "Prints the version, and the number and hash of the shipped rules.\n\n"
               "  -h, --help                  print this\n");
        return EXIT_DONE;
    }
    if (argc > 1) {
        err_set(&e, ERR_USAGE, "version takes no arguments");
        return fail(&e);
    }
    struct vec none;
    struct loaded rules;
    vec_init(&none, sizeof(const char *), 0);
    printf("trailwarden " TRAILWARDEN_VERSION "\n");
    if (!rules_load(&none, NULL, &rules, &e)) {
        loaded_release(&rules);
        return fail(&e);
    }
    struct buf hash;
    buf_init(&hash, SHA256_HEX);
    buf_put_hex(&hash, rules.rules->hash, SHA256_BYTES);
    const char *hex = buf_z(&hash);
    printf("rules %s (%u shipped)\n", hex ? hex : "?", rules.rules->n_rules);
    buf_release(&hash);
    loaded_release(&rules);
    return EXIT_DONE;
}
