/* Credentials that AWS gives to the machine a program runs on. */
#ifndef TW_AWS_METADATA_H
#define TW_AWS_METADATA_H

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/world.h"

/* From the container's endpoint (ECS, EKS pod identity, Lambda SnapStart), which
 * AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (a path on 169.254.170.2) or
 * AWS_CONTAINER_CREDENTIALS_FULL_URI names. A full URI over http may only lead to loopback,
 * 169.254.170.2, 169.254.170.23 or fd00:ec2::23, so that nobody on the network can hand out
 * identities. $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE's content, else
 * $AWS_CONTAINER_AUTHORIZATION_TOKEN, is the authorization header.
 * *there is false, and the result true, when neither variable is set. */
TW_MUST_USE bool metadata_container(const struct aws_world *world, struct http *http,
                                    int64_t deadline_ms, bool *there, struct credentials *out,
                                    struct err *e);

/* From the EC2 instance metadata service, version 2 only: a token, the role's name, its
 * credentials. *there is false, and the result true, when AWS_EC2_METADATA_DISABLED is "true",
 * nobody answers within a second, or the instance has no role. AWS_EC2_METADATA_SERVICE_ENDPOINT
 * names another origin than http://169.254.169.254. */
TW_MUST_USE bool metadata_instance(const struct aws_world *world, struct http *http,
                                   int64_t deadline_ms, bool *there, struct credentials *out,
                                   struct err *e);

#endif
