/* trailwarden, the program for the laptop: finds the subcommand and hands over. */
#include <signal.h>
#include <string.h>

#include "base/resolver.h"
#include "cli/command.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"scan", scan_command, "read logs with rules and tell what they find"},
    {"incidents", incidents_command, "list the incidents that a state remembers, or tell one"},
    {"story", story_command, "tell an incident step by step, as a page or as text"},
    {"identities", identities_command, "list who acted in incidents, by risk, or mark one"},
    {"contain", contain_command, "take the permissions of a user or role away"},
    {"contained", contained_command, "list who is contained"},
    {"release", release_command, "take a containment back"},
    {"rules", rules_command, "check, list, test or explain rules"},
    {"policy", policy_command, "advise the least that a user or role needs"},
    {"simulate", simulate_command, "write an attack's logs and see what the rules find"},
    {"invoke", invoke_command, "serve one notification, as Lambda would get it"},
    {"backfill", backfill_command, "put an archive's objects on the function's queue"},
    {"doctor", doctor_command, "look at a deployment and say what is not as it should be"},
    {"version", version_command, "print the version and the hash of the shipped rules"},
};

static void usage(FILE *to)
{
    fprintf(to, "usage: trailwarden COMMAND [options] ...\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\ntrailwarden COMMAND --help tells more.\n");
}

int main(int argc, char **argv)
{
    resolver_settle();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write(2), not a death */
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_DONE;
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "trailwarden: there is no command \"%.40s\"\n\n", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}
