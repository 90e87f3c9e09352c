/** What docs/COMPAT.md says of containers on attachable networks: lines of Markdown. Shown by `test/e2e/attachable.test.ts`. */
export const attachable: readonly string[] = [
  "## Containers on attachable networks",
  "",
  "`docker run --network`, `docker network connect`, `disconnect` and what Compose makes of them work on managers and workers, through shoald's socket",
  "(`test/e2e/attachable.test.ts`). What differs from an engine in swarm mode:",
  "",
  "- `docker inspect CONTAINER` shows the place under the name of the node's bridge, `shoal-…`, with the bridge's id; `HostConfig.NetworkMode` is what was asked for.",
  "- A reason why there is no place (an address that is taken, none left) is told at once: `Could not attach to network net: rpc error: code = FailedPrecondition desc = …`.",
  "  Docker waits 20 s and says `context deadline exceeded`.",
  "- A drained node's own users may attach containers.",
  "- The container's first name server is `169.254.53.53`, before those of `--dns`. One that was made elsewhere and is connected later does not resolve the swarm's names.",
  "- A container that stops gives its address back; `--ip` is asked for again at its next start, any other may be another then. Docker does the same.",
  "- A new name (`docker rename`) is known on the network from the next start on.",
  "- On a worker, `docker network ls` shows the node's bridges and not the swarm's networks: only managers know those by name.",
  "- `docker network prune` lists the swarm's networks first, and leaves the node's bridges alone.",
  "",
];
