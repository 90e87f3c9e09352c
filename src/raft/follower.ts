import type { Core } from "./core.ts";
import { lowest, type NodeId, nobody, type Payload } from "./entry.ts";
import type { Append, InstallSnapshot, TermedMessage } from "./message.ts";
import { type AskResult, asked, type ProposeResult, type Role, refused } from "./role.ts";

/** Takes the leader's log for its own, and stands for election when the leader is silent. */
export class Follower implements Role {
  readonly kind = "follower";
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  tick(): void {
    this.#core.wait();
  }

  receive(message: TermedMessage): void {
    const core = this.#core;
    switch (message.type) {
      case "append":
        this.#append(message);
        break;
      case "heartbeat":
        core.log.commitTo(message.commit);
        core.outbox.send({ type: "heartbeat-reply", ...core.envelope(message.from), context: message.context });
        break;
      case "snapshot":
        this.#install(message);
        break;
      case "timeout-now":
        core.campaign("transfer");
        break;
      case "read-reply":
        core.serveRead(message.index, message.context);
        break;
      case "vote-request":
      case "vote-reply":
      case "append-accepted":
      case "append-rejected":
      case "heartbeat-reply":
        break; // Answers to what this node asked in another role.
      default:
        message satisfies never;
    }
  }

  propose(payloads: readonly Payload[]): ProposeResult {
    const { leader: to, id: from, outbox } = this.#core;
    if (to === nobody) return noLeader;
    outbox.send({ type: "propose", from, to, payloads });
    return { kind: "forwarded", to };
  }

  /** Passes on its own reads, and no others': two nodes with different views of who leads would pass them on for ever. */
  read(from: NodeId, context: Uint8Array): AskResult {
    const { leader: to, id, outbox } = this.#core;
    if (to === nobody || from !== id) return noLeader;
    outbox.send({ type: "read-request", from, to, context });
    return asked;
  }

  transfer(transferee: NodeId): AskResult {
    const { leader: to, id: from, outbox } = this.#core;
    if (to === nobody) return noLeader;
    outbox.send({ type: "transfer-request", from, to, transferee });
    return asked;
  }

  persisted(): void {}
  applied(): void {}
  flush(): void {}

  #append({ from, prevIndex, prevTerm, entries, commit }: Append): void {
    const { log, outbox } = this.#core;
    const envelope = this.#core.envelope(from);
    if (prevIndex < log.committed) {
      outbox.sendWhenDurable({ type: "append-accepted", ...envelope, index: log.committed });
      return;
    }
    const index = log.accept({ index: prevIndex, term: prevTerm }, entries);
    if (index === undefined) {
      const hint = log.lastPlaceWithin(prevIndex, prevTerm);
      const hints = { hintIndex: hint.index, hintTerm: hint.term };
      outbox.send({ type: "append-rejected", ...envelope, index: prevIndex, ...hints });
      return;
    }
    // What comes after `index` here may be left over from another leader.
    log.commitTo(lowest(commit, index));
    outbox.sendWhenDurable({ type: "append-accepted", ...envelope, index });
  }

  #install({ from, snapshot }: InstallSnapshot): void {
    const { log, outbox } = this.#core;
    if (snapshot.index > log.committed) {
      if (log.holds(snapshot)) {
        log.commitTo(snapshot.index);
      } else {
        log.restore(snapshot);
        this.#core.configuration = snapshot.configuration;
      }
    }
    outbox.sendWhenDurable({ type: "append-accepted", ...this.#core.envelope(from), index: log.committed });
  }
}

const noLeader = refused("no leader", "no leader is known");
