/* The certificates at the root of AWS's own: Amazon Root CA 1 to 4 and Starfield Services Root
 * Certificate Authority G2 (https://www.amazontrust.com/repository/), as Debian's ca-certificates
 * has them when the program is built (roots.c.in, filled in by CMakeLists.txt).
 *
 * Reading a whole bundle of 144 for the first connection costs OpenSSL 3.0 23 ms of CPU, these five
 * 1 ms; a Lambda function with 128 MB has a fourteenth of a CPU. */
#ifndef TW_AWS_ROOTS_H
#define TW_AWS_ROOTS_H

#include <stddef.h>

extern const char aws_roots[];     /* PEM, one after the other, ended by a NUL */
extern const size_t aws_roots_len; /* without the NUL */

#endif
