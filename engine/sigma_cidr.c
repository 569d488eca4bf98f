/* Networks and addresses. */
#include "engine/sigma_cidr.h"

#include <arpa/inet.h>

#define ADDRESS_MAX 46 /* INET6_ADDRSTRLEN: the longest IPv6 text and its NUL */

static uint64_t big_endian(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

/* Four numbers up to 255 with dots between them, none with a zero in front, as inet_pton has it:
 * flow logs have two on each line. */
static bool read_ipv4(struct str s, uint64_t *out)
{
    uint64_t bits = 0;
    unsigned number = 0, digits = 0, dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (byte_is_digit(c) && digits < 3 && (digits == 0 || number > 0)) {
            number = 10 * number + (unsigned)(c - '0');
            digits++;
        } else if (c == '.' && digits > 0 && number <= 255 && dots < 3) {
            bits = bits << 8 | number;
            number = digits = 0;
            dots++;
        } else {
            return false;
        }
    }
    *out = bits << 8 | number;
    return dots == 3 && digits > 0 && number <= 255;
}

bool cidr_address(struct str s, struct cidr *out)
{
    char z[ADDRESS_MAX];
    unsigned char bytes[16] = {0};
    uint64_t ipv4;
    *out = (struct cidr){.v6 = s.n && str_find_byte(s, ':', 0) != SIZE_MAX};
    if (!out->v6) {
        out->prefix = 32;
        if (!read_ipv4(s, &ipv4))
            return false;
        out->bits[0] = ipv4 << 32;
        return true;
    }
    if (s.n >= sizeof z || str_find_byte(s, '\0', 0) != SIZE_MAX)
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    if (inet_pton(AF_INET6, z, bytes) != 1)
        return false;
    out->bits[0] = big_endian(bytes);
    out->bits[1] = big_endian(bytes + 8);
    out->prefix = 128;
    return true;
}

/* The bits of word `at` (0 or 1) that a prefix covers. */
static uint64_t mask(unsigned prefix, unsigned at)
{
    unsigned n = prefix > 64 * at ? prefix - 64 * at : 0;
    return n == 0 ? 0 : n >= 64 ? UINT64_MAX : ~(UINT64_MAX >> n);
}

bool cidr_parse(struct str s, struct cidr *out, struct err *e)
{
    struct str rest = s, address = str_cut(&rest, '/');
    unsigned long long prefix = 0;
    if (!cidr_address(address, out))
        return err_set(e, ERR_INPUT, "'%.*s' is no IPv4 or IPv6 network", (int)s.n, s.p);
    if (str_present(rest)) {
        if (!str_u64(rest, &prefix) || rest.n > 3 || prefix > out->prefix)
            return err_set(e, ERR_INPUT, "'%.*s' has no prefix length from 0 to %u", (int)s.n, s.p,
                           out->prefix);
        out->prefix = (unsigned)prefix;
    }
    if ((out->bits[0] & ~mask(out->prefix, 0)) || (out->bits[1] & ~mask(out->prefix, 1)))
        return err_set(e, ERR_INPUT, "'%.*s' has host bits set beyond its prefix", (int)s.n, s.p);
    return true;
}

bool cidr_covers(const struct cidr *net, const struct cidr *address)
{
    return address->v6 == net->v6 &&
           ((address->bits[0] ^ net->bits[0]) & mask(net->prefix, 0)) == 0 &&
           ((address->bits[1] ^ net->bits[1]) & mask(net->prefix, 1)) == 0;
}
