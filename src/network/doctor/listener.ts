import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import { onAbort } from "../../lib/bell.ts";
import { asFault } from "../../lib/fault.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { Client, Connection } from "../../ports/transport.ts";
import {
  type Examination,
  NetworkDoctor,
  type NodeExaminationSchema,
  type PortInUseSchema,
  NetworkFinding_Severity as Severity,
} from "../../wire/gen/shoal/v1/doctor_pb.ts";
import type { PortWatch } from "../port-watch.ts";
import type { PortConflict } from "../ports-in-use.ts";
import type { Examiner } from "./examiner.ts";
import type { Finding } from "./finding.ts";

/** Between tries to be heard within one session. */
const listenBackoff: Backoff = { firstMs: 250, longestMs: 8_000 };
/** Findings that are told: of more, the first. */
const findingLimit = 200;
/** Characters of one text. */
const textLimit = 1_000;

export interface DoctorListenerOptions {
  readonly examiner: Examiner;
  readonly ports: PortWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** For as long as a session lasts: tells the manager which published ports are in use here, and examines this node when asked. */
export async function listenForDoctor(
  connection: Connection,
  signal: AbortSignal,
  options: DoctorListenerOptions,
): Promise<void> {
  const { clock, random, log } = options;
  const client = connection.client(NetworkDoctor);
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await serve(client, signal, options);
      attempt = 1;
    } catch (error) {
      const { code, message } = asFault(error);
      // A stock engine leads, or an older Shoal.
      if (signal.aborted || code === "unimplemented") return;
      log.debug("cannot listen for examinations", { reason: message });
    }
    await sleep(clock, backoffMs(listenBackoff, attempt, random.float()), signal);
  }
}

/** Everything else ends with the stream that says what is to be examined, and the other way round. */
async function serve(
  client: Client<typeof NetworkDoctor>,
  signal: AbortSignal,
  { examiner, ports }: DoctorListenerOptions,
): Promise<void> {
  const over = new AbortController();
  const unhook = onAbort(signal, () => over.abort());
  const call = { signal: over.signal };
  const tell = async (conflicts: readonly PortConflict[]): Promise<void> => {
    await client.tellPorts({ ports: conflicts.map(portInUse) }, call);
  };
  let told: Promise<unknown> | undefined;
  try {
    for await (const examination of client.listen({}, call)) {
      told ??= ports.follow(tell, over.signal).catch(() => over.abort());
      // One after the other: two repairs at a time would only be in each other's way.
      if (examination.id !== "") await client.answer(await answerTo(examination, examiner, over.signal), call);
    }
  } finally {
    unhook();
    over.abort();
    await told;
  }
}

function portInUse(conflict: PortConflict): MessageInitShape<typeof PortInUseSchema> {
  return { ...conflict, addresses: [...conflict.addresses] };
}

async function answerTo(
  { id, repair, awayNodeIds }: Examination,
  examiner: Examiner,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof NodeExaminationSchema>> {
  const { parts, left, repaired, paths } = await examiner.examine(repair, new Set(awayNodeIds), signal);
  const findings = [
    ...left.map(finding => findingOf(finding, false)),
    ...repaired.map(finding => findingOf(finding, true)),
  ];
  return {
    examinationId: id,
    findings: findings.slice(0, findingLimit),
    parts: { ...parts, paths: paths.length },
    paths: paths.map(({ nodeId, network, to, reached }) => ({ nodeId, network, address: to, mtu: reached })),
  };
}

const severities = { error: Severity.ERROR, warning: Severity.WARNING } as const;

function findingOf({ severity, subject, problem, next }: Finding, repaired: boolean) {
  const short = (text: string): string => (text.length > textLimit ? `${text.slice(0, textLimit)}…` : text);
  return {
    ...{ severity: severities[severity], repaired, next },
    ...{ subject: short(subject), problem: short(problem) },
  };
}
