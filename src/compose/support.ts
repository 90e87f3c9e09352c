import { ComposeError, mapEntries, type Notice, type Tree } from "./tree.ts";

/** Members that a swarm cannot do, and why: they are left out with a warning. `*` stands for any name or number. */
export const ignored: Readonly<Record<string, string>> = {
  models: "models are not run by a swarm",
  "services.*.annotations": "a swarm's containers carry labels: use labels",
  "services.*.attach": "it is about `compose up`; see `shoal service logs`",
  "services.*.blkio_config": "a swarm does not limit block I/O",
  "services.*.build": "a swarm runs images: build it, push it, and name it with image",
  "services.*.cgroup": "a swarm's tasks have control groups of their own",
  "services.*.cgroup_parent": "a swarm's tasks have control groups of their own",
  "services.*.container_name": "each task has a name of its own",
  "services.*.cpu_count": "use deploy.resources",
  "services.*.cpu_percent": "use deploy.resources",
  "services.*.cpu_period": "use deploy.resources.limits.cpus",
  "services.*.cpu_quota": "use deploy.resources.limits.cpus",
  "services.*.cpu_rt_period": "a swarm does not schedule real-time CPU",
  "services.*.cpu_rt_runtime": "a swarm does not schedule real-time CPU",
  "services.*.cpu_shares": "use deploy.resources.reservations.cpus",
  "services.*.cpuset": "a swarm does not pin CPUs",
  "services.*.develop": "it is about `compose watch`",
  "services.*.device_cgroup_rules": "a swarm does not give devices to tasks",
  "services.*.devices": "a swarm does not give devices to tasks: use deploy.resources.reservations.generic_resources",
  "services.*.domainname": "use hostname",
  "services.*.expose": "services on the same network reach each other on any port",
  "services.*.external_links": "services on the same network reach each other by name",
  "services.*.gpus": "use deploy.resources.reservations.generic_resources",
  "services.*.ipc": "a swarm's tasks share no namespaces",
  "services.*.links": "services on the same network reach each other by name",
  "services.*.mac_address": "the swarm gives addresses out",
  "services.*.mem_swappiness": "a swarm does not set it",
  "services.*.memswap_limit": "a swarm does not limit swap",
  "services.*.models": "models are not run by a swarm",
  "services.*.network_mode": "use networks; the host's is an external network with the name host",
  "services.*.oom_kill_disable": "use oom_score_adj",
  "services.*.pid": "a swarm's tasks share no namespaces",
  "services.*.post_start": "a swarm runs no hooks",
  "services.*.pre_stop": "a swarm runs no hooks: see stop_signal and stop_grace_period",
  "services.*.privileged": "a swarm's tasks cannot be privileged: use cap_add",
  "services.*.provider": "a swarm runs images",
  "services.*.pull_policy": "see --resolve-image",
  "services.*.pull_refresh_after": "see --resolve-image",
  "services.*.runtime": "it is the node's choice",
  "services.*.security_opt": "a swarm's tasks have their node's security options",
  "services.*.shm_size": "mount a tmpfs on /dev/shm",
  "services.*.storage_opt": "it is the node's choice",
  "services.*.use_api_socket": "mount the socket",
  "services.*.userns_mode": "it is the node's choice",
  "services.*.uts": "a swarm's tasks share no namespaces",
  "services.*.deploy.resources.reservations.devices": "use generic_resources",
  "services.*.networks.*.gw_priority": "the swarm chooses the gateway",
  "services.*.networks.*.interface_name": "the node names interfaces",
  "services.*.networks.*.ipv4_address": "the swarm gives addresses out: tasks come and go",
  "services.*.networks.*.ipv6_address": "the swarm gives addresses out: tasks come and go",
  "services.*.networks.*.link_local_ips": "the swarm gives addresses out",
  "services.*.networks.*.mac_address": "the swarm gives addresses out",
  "services.*.networks.*.priority": "the swarm attaches all networks at once",
  "services.*.ports.*.app_protocol": "the swarm does not look into connections",
  "services.*.ports.*.host_ip": "ports are published on every address of the nodes",
  "services.*.ports.*.name": "ports have no names",
  "services.*.volumes.*.bind.selinux": "label the files on the nodes",
  "services.*.volumes.*.image": "a swarm mounts no images",
  "networks.*.enable_ipv4": "a swarm's networks have IPv4",
  "networks.*.ipam.config.*.aux_addresses": "the swarm gives addresses out",
};

/** Members that would mean something else than was meant if they were left out. */
export const refused: Readonly<Record<string, string>> = {
  "services.*.volumes_from": "tasks may run on different nodes: name the volumes in both services",
  "services.*.volume_driver": "define the volume under volumes, with its driver",
};

/** The tree without what a swarm cannot do. Notices tell of each; what must not be left out is a ComposeError. */
export function withoutUnsupported(tree: Tree, notice: (notice: Notice) => void): Tree {
  const walk = (here: Tree, pattern: string, name: string): Tree | undefined => {
    const forbidden = refused[pattern];
    if (forbidden) throw new ComposeError(here.place, `${name} cannot be used: ${forbidden}`);
    const reason = ignored[pattern];
    if (reason) {
      notice({ place: here.place, text: `${name} is ignored: ${reason}` });
      return undefined;
    }
    if (here.kind === "leaf") return here;
    if (here.kind === "list") {
      return { ...here, items: here.items.flatMap((item, at) => walk(item, `${pattern}.*`, `${name}[${at}]`) ?? []) };
    }
    return mapEntries(here, (value, key) => {
      const step = hasNames(pattern) ? "*" : key;
      return walk(value, pattern === "" ? step : `${pattern}.${step}`, name === "" ? key : `${name}.${key}`);
    });
  };
  return walk(tree, "", "") ?? tree;
}

const namesBelow = new Set(["services", "networks", "volumes", "secrets", "configs", "services.*.networks"]);

/** Whether the keys of the mapping are names that the file gives, rather than the specification's words. */
function hasNames(pattern: string): boolean {
  return namesBelow.has(pattern);
}
