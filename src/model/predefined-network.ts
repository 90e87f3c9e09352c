/** Label of the swarm's networks that stand for each node's own `host` and `bridge` network. */
export const predefinedLabel = "com.docker.swarm.predefined";

/** The networks that every node has of its own and that services may use by name. */
export const predefinedNetworks = ["bridge", "host"] as const;
