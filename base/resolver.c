/* Keeps the modules of the name service switch out of static programs. */
#include "base/resolver.h"

#ifdef TRAILWARDEN_STATIC
#include <nss.h>

void resolver_settle(void)
{
    __nss_configure_lookup("hosts", "files dns"); /* fails only for an unknown database */
}
#else
void resolver_settle(void)
{
}
#endif
