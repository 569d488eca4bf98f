/* How names of hosts become addresses, in a program that brings its C library with it. */
#ifndef TW_BASE_RESOLVER_H
#define TW_BASE_RESOLVER_H

/* To be called first thing in main. In a static program (TRAILWARDEN_STATIC): hosts are looked up
 * in /etc/hosts, then by DNS, whatever /etc/nsswitch.conf says. What else that file may name would
 * be loaded from this machine's modules, which are made for this machine's C library, not for ours;
 * files and DNS are part of glibc itself since 2.34. In a shared program: nothing. */
void resolver_settle(void);

#endif
