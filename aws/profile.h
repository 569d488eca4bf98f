/* The files that the AWS tools share: ~/.aws/config and ~/.aws/credentials. */
#ifndef TW_AWS_PROFILE_H
#define TW_AWS_PROFILE_H

#include "aws/world.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define PROFILE_FILE_MAX 1048576 /* theirs have a few KiB */

/* Both files, whole; holds secrets. */
struct profile_files {
    struct buf config;
    struct buf credentials;
};

/* Reads them from $AWS_CONFIG_FILE and $AWS_SHARED_CREDENTIALS_FILE, else from $HOME/.aws/. A file
 * that is not there is empty, as in the AWS tools. ERR_USAGE: there but unreadable or too long.
 * profile_release them in any case. */
TW_MUST_USE bool profile_load(const struct aws_world *world, struct profile_files *files,
                              struct err *e);
void profile_release(struct profile_files *files);

/* True when either file has the profile. */
bool profile_exists(const struct profile_files *files, struct str name);

/* The value of a profile's key, the credentials file first; absent when neither has it. Borrowed
 * from files. The accepted text:
 *   # comment            ; comment
 *   [default]            in both files; config also [profile default]
 *   [profile name]       in config; [name] in credentials
 *   key = value          key in any case; the last of two wins, a comment behind a blank is cut
 *     nested = value     an indented line belongs to the key above and is passed over */
struct str profile_get(const struct profile_files *files, struct str name, const char *key);

#endif
