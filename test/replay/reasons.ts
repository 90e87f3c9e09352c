import type { Outcome } from "./replay.ts";

/** Why answers of ours differ from the recorded ones. Each explains every difference that matches it. */
export interface Reason {
  readonly title: string;
  readonly text: string;
  /** Matched against "METHOD PATH". */
  readonly request: RegExp;
  readonly difference: RegExp;
}

export const reasons: readonly Reason[] = [
  {
    title: "API versions",
    text: "The recorded engine spoke 1.12 to 1.41. Shoal speaks 1.24 to 1.50 and says so in its refusals and in `/version`.",
    request: /^GET \/v[\d.]+\/(nodes|version)$/,
    difference: /too old|too new|^status: 400 became 200|^(Min)?A(pi|PI)Version: /,
  },
  {
    title: "Shoal is named in `/version`",
    text: "The engine's components are shown with Shoal as one more.",
    request: /^GET \/v[\d.]+\/version$/,
    difference: /^Components\[\]: an extra element$/,
  },
  {
    title: "Log streams name their type",
    text:
      "Engines from API 1.42 on say in `Content-Type` whether lines are multiplexed or raw; the recorded one said nothing. " +
      "Clients that do not know the header pass over it.",
    request: /^GET \/v[\d.]+\/(services|tasks)\/[^/]+\/logs$/,
    difference: /^Content-Type: "" became "application\/vnd\.docker\.(raw|multiplexed)-stream"$/,
  },
  {
    title: "Rotation of the root CA",
    text:
      "A replayed swarm has the certificate of the recorded root CA without its key, so it cannot be changed here. " +
      "`test/e2e/root-rotation.test.ts` changes one.",
    request: /^POST \/v[\d.]+\/swarm\/update$/,
    difference: /^status: 200 became 400 .*(Cannot load root CA|external CA corresponding to the current CA)/,
  },
  {
    title: "What runs on an overlay network on this node",
    text:
      "Docker fills in `Containers`, `Peers`, `Services` and an empty instead of no `Labels` once a network is in use on " +
      "the node that is asked. So does this one, but a replayed swarm has recorded objects, and no node's own addresses are " +
      "among them. An endpoint's id is its task's, and no load balancer has an index.",
    request: /^GET \/v[\d.]+\/networks\/[^/]+$/,
    difference:
      /^(Containers: object became null|Containers\.lb-\w+: missing|Labels: object became null|(Peers|Services): missing|(Containers|Services)\..*(EndpointID|LocalLBIndex): .*)$/,
  },
];

/** Differences that no recording shows. */
export const notes: readonly string[] = [
  "`GET /events` is a stream in time: it is compared in `src/docker-api/events`, not by replaying. Times are right to the millisecond.",
  "`POST /swarm/join`, `leave` and `unlock`: what the node answers is given to the façade here; the node's own tests cover it.",
  "Paths that are neither the swarm's nor known are the engine's to refuse; it answers `page not found` like this one does.",
  "JSON numbers are read exactly up to 2^53; larger counts (64-bit in Docker) are refused, naming the field.",
  "The `name` and `id` filters of `GET /networks` take a part of the text, `^` and `$` for its ends; Docker takes any regular expression.",
  "`GET /events?since=` goes back to the last 1,024 changes that the manager that is asked has seen since it started.",
  "Lines of `docker service logs` come in the order of their times. What a node that is away cannot give costs a line on stderr, under its task's name; Docker ends with an error and the CLI fails.",
  "A node pulls an image that it does not have; Docker asks the registry at every start. The CLI pins what a tag means, so a tag that has moved is pulled.",
  "`docker service ps` shows how far a pull is in the `ERROR` column until the image is there.",
  "Mount options that the node's engine is too old for and would pass over (`volume-subpath`, `bind-recursive=readonly`) are refused in the task's status.",
  "Request bodies for the swarm are limited to 4 MiB (413) and 200 levels of nesting (400), and must come within 30 s (408).",
  "Over TCP without TLS, requests that a web page may have sent (`Origin`, or a `Host` that is not this listener's) are answered 403.",
  "Networks made with `--opt encrypted` are encrypted by WireGuard (UDP 7946), Docker's by IPsec (protocol 50).",
];

/** The reason for a difference, if there is one. */
export function reasonFor({ method, url }: Outcome, difference: string): Reason | undefined {
  const request = `${method} ${url.split("?")[0]}`;
  return reasons.find(reason => reason.request.test(request) && reason.difference.test(difference));
}
