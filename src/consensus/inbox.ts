import { Fault } from "../lib/fault.ts";
import { type CallContext, type Registration, register } from "../ports/transport.ts";
import type { NodeId } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import { Raft as RaftService } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { Peers as PeersService } from "../wire/gen/shoal/v1/peers_pb.ts";
import type { Member } from "./member.ts";
import type { MemberBook } from "./member-book.ts";
import { fromPeerMessage, fromWireMessage } from "./message-codec.ts";
import { joinParts } from "./snapshot-parts.ts";

/** What a removed member is told; SwarmKit's text. */
export const memberRemoved = "raft: member was removed from the cluster";

export interface InboxOptions {
  readonly ownId: NodeId;
  readonly book: MemberBook;
  readonly receive: (message: Message) => void;
  /** A member speaks that the log has not told of, and does not say where it is reached. */
  readonly onStranger: (raftId: NodeId, nodeId: string) => void;
}

/** What other members call: raft's messages come in here, whichever way they were sent. */
export function inbox(options: InboxOptions): readonly Registration[] {
  const take = (message: Message, sender: Sender): void => {
    check(options, message, sender);
    options.receive(message);
  };
  return [
    register(RaftService, {
      async processRaftMessage({ message }, context) {
        if (!message) throw new Fault("invalid_argument", "no message");
        take(fromWireMessage(message), { context });
        return {};
      },
      async streamRaftMessage(parts, context) {
        take(fromWireMessage(await joinParts(parts)), { context });
        return {};
      },
      async resolveAddress({ raftId }) {
        const member = options.book.get(raftId);
        if (!member) throw new Fault("not_found", "member does not exist");
        return { addr: member.address };
      },
    }),
    register(PeersService, {
      async deliver(frames, context) {
        const sender: Sender = { context };
        for await (const { addr, messages } of frames) {
          if (addr !== "") sender.address = addr;
          for (const message of messages) take(fromPeerMessage(message), sender);
        }
        return {};
      },
    }),
  ];
}

interface Sender {
  readonly context: CallContext;
  /** Where it says that it is reached. */
  address?: string;
}

/** Nobody speaks for another member, nor once removed for itself. Fault not_found tells a member that it was removed. */
function check({ ownId, book, onStranger }: InboxOptions, { from, to }: Message, { context, address }: Sender): void {
  if (to !== ownId) throw new Fault("invalid_argument", `a message to member ${to} came to member ${ownId}`);
  if (book.isRemoved(from)) throw new Fault("not_found", memberRemoved);
  const nodeId = context.caller?.nodeId ?? "";
  const known: Member | undefined = book.get(from);
  if (known && known.nodeId !== nodeId)
    throw new Fault("permission_denied", `Permission denied: member ${from} is node ${known.nodeId}, not ${nodeId}`);
  if (address !== undefined && known?.address !== address) book.hint({ raftId: from, nodeId, address });
  else if (address === undefined && !known) onStranger(from, nodeId);
}
