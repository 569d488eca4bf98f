/* Lists of Kubernetes audit events: what the ka.* fields of engine/falco_ka.c that are lists, or
 * are made of one, read. Inner part of that table. */
#ifndef TW_ENGINE_FALCO_KA_LIST_H
#define TW_ENGINE_FALCO_KA_LIST_H

#include "engine/falco_slots.h"

/* What b holds, moved to the event's scratch, and b released; absent, counted, when that is full.
 */
struct str ka_keep(struct event *ev, struct buf *b);

/* The argument in brackets, which the compiler puts behind a field's n slots. */
struct str ka_argument(const struct event *ev, const uint32_t *slots, size_t n);

/* Extractors over the array at slots[0]. */
falco_extract ka_members, ka_user_names, ka_group_names, ka_account_names, ka_account_ns_names,
    ka_api_groups, ka_other_urls, ka_verbs, ka_resources, ka_service_ports, ka_host_paths,
    ka_flex_drivers, ka_volume_types, ka_has_host_path, ka_names, ka_images, ka_repositories,
    ka_commands, ka_arguments, ka_privileged, ka_escalation, ka_read_only, ka_run_as_user,
    ka_run_as_group, ka_eff_user, ka_eff_group, ka_proc_mount, ka_capabilities, ka_host_ports,
    ka_first_image, ka_first_repository, ka_any_privileged;

#endif
