import { create } from "@bufbuild/protobuf";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Store } from "../store/store.ts";
import {
  type AssignmentChange,
  type AssignmentsMessage,
  AssignmentsMessageSchema,
  AssignmentsMessage_Type as MessageType,
  type TasksMessage,
  TasksMessageSchema,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { AssignmentSet } from "./assignment-set.ts";
import type { NodeSession } from "./session.ts";

/** SwarmKit: least time between two messages to an agent. The first change goes at once, what follows goes together. */
const messagePeriodMs = 100;
/** Tasks looked at for one incremental message. */
const tasksPerMessage = 500;

/** Everything assigned to the session's node, then every change, in numbered messages that follow on each other. */
export async function* assignmentMessages(
  store: Store,
  clock: Clock,
  session: NodeSession,
  signal: AbortSignal,
): AsyncGenerator<AssignmentsMessage, void> {
  // The feed is open before the first look, so no change falls between the two.
  const feed = session.open("assignments", signal);
  const set = new AssignmentSet(session.nodeId);
  let sequence = 0;
  const message = (type: MessageType, changes: AssignmentChange[]): AssignmentsMessage => {
    const appliesTo = sequence === 0 ? "" : String(sequence);
    sequence += 1;
    return create(AssignmentsMessageSchema, { type, appliesTo, resultsIn: String(sequence), changes });
  };
  try {
    yield message(
      MessageType.COMPLETE,
      store.view(tx => set.all(tx)),
    );
    while (await feed.next()) {
      const taskIds = feed.takeTasks(tasksPerMessage);
      const changes = store.view(tx => set.changes(tx, taskIds));
      if (changes.length === 0) continue;
      yield message(MessageType.INCREMENTAL, changes);
      await sleep(clock, messagePeriodMs, signal);
    }
  } finally {
    feed.close();
  }
}

/** The older form: the whole list at every change, without secrets and configs. */
export async function* taskLists(
  store: Store,
  clock: Clock,
  session: NodeSession,
  signal: AbortSignal,
): AsyncGenerator<TasksMessage, void> {
  const feed = session.open("assignments", signal);
  try {
    do {
      feed.takeTasks(Number.POSITIVE_INFINITY);
      const tasks = store.view(tx =>
        [...tx.task.byNode(session.nodeId)].filter(task => task.status.state >= TaskState.ASSIGNED),
      );
      yield create(TasksMessageSchema, { tasks });
      await sleep(clock, messagePeriodMs, signal);
    } while (await feed.next());
  } finally {
    feed.close();
  }
}
