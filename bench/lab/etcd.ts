import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { eventually } from "../../test/lab/command.ts";
import { findProgram } from "../../test/lab/requirements.ts";
import { Caller, type CallerTls } from "./caller.ts";
import { selfSigned, selfSignedName } from "./self-signed.ts";

const peerPort = 2380;
const clientPort = 2379;
const putPath = "/etcdserverpb.KV/Put";
const deletePath = "/etcdserverpb.KV/DeleteRange";
const statusPath = "/etcdserverpb.Maintenance/Status";

/** What the last byte of a key's prefix is raised to, so that it is the end of the prefix's range. */
const endOfRange = "\xff";

/** Whether etcd can be started here (Debian: `etcd-server`). */
export const hasEtcd = (): boolean => findProgram("etcd") !== undefined;

interface Member {
  readonly name: string;
  readonly address: string;
  process: ChildProcess | undefined;
}

interface Status {
  readonly member: bigint;
  readonly leader: bigint;
  readonly term: bigint;
}

/** Real etcd processes on loopback, with mutual TLS to clients and between peers, and with fsync, as by default. */
export class Etcd {
  readonly #directory = mkdtempSync(join(tmpdir(), "shoal-bench-etcd-"));
  readonly #members: readonly Member[];
  readonly #callers = new Map<Member, Caller>();
  #tls: CallerTls | undefined;

  /** `base` is the third byte of the loopback addresses. */
  private constructor(count: number, base: number) {
    this.#members = Array.from({ length: count }, (_, at) => ({
      name: `etcd${at + 1}`,
      address: `127.0.${base}.${at + 1}`,
      process: undefined,
    }));
  }

  static async start(count: number, base: number): Promise<Etcd> {
    const etcd = new Etcd(count, base);
    try {
      // A peer must show a certificate for the address it calls from, which is no other on loopback.
      const { cert, key } = await selfSigned(["127.0.0.1", ...etcd.#members.map(({ address }) => address)]);
      writeFileSync(join(etcd.#directory, "cert.pem"), cert);
      writeFileSync(join(etcd.#directory, "key.pem"), key, { mode: 0o600 });
      etcd.#tls = { ca: cert, cert, key, serverName: selfSignedName };
      for (const member of etcd.#members) etcd.#spawn(member);
      await etcd.leader();
    } catch (error) {
      await etcd.dispose();
      throw error;
    }
    return etcd;
  }

  /** Waits until every running member names the same leader, and gives that one's number. */
  leader(): Promise<number> {
    return eventually("etcd has a leader", async () => {
      const running = this.#members.filter(({ process }) => process);
      const statuses = await Promise.all(running.map(member => this.#status(member).catch(() => undefined)));
      const [first] = statuses;
      if (!first?.leader || !statuses.every(status => status?.leader === first.leader)) return undefined;
      const at = statuses.findIndex(status => status?.member === first.leader);
      const leader = running[at];
      return leader && this.#members.indexOf(leader);
    });
  }

  /** Calls to a member. */
  caller(at: number): Caller {
    return this.#caller(this.#member(at));
  }

  async put(at: number, key: string, value: Uint8Array, timeoutMs?: number): Promise<void> {
    const request = new BinaryWriter().tag(1, 2).string(key).tag(2, 2).bytes(value).finish();
    await this.caller(at).call(putPath, request, timeoutMs);
  }

  /** Removes every key that begins with `prefix`. */
  async clear(at: number, prefix: string): Promise<void> {
    const end = Buffer.from(prefix + endOfRange, "latin1");
    const request = new BinaryWriter().tag(1, 2).string(prefix).tag(2, 2).bytes(end).finish();
    await this.caller(at).call(deletePath, request);
  }

  signal(at: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const member = this.#member(at);
    const child = member.process;
    child?.kill(signal);
    if (signal === "SIGKILL") member.process = undefined;
  }

  /** Starts a member that was killed. */
  restart(at: number): void {
    this.#spawn(this.#member(at));
  }

  async dispose(): Promise<void> {
    for (const caller of this.#callers.values()) caller.close();
    const ends = this.#members.map(async ({ process: child }) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise(resolve => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    });
    await Promise.all(ends);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #member(at: number): Member {
    const member = this.#members[at];
    if (!member) throw new Error(`there is no etcd number ${at}`);
    return member;
  }

  #caller(member: Member): Caller {
    const known = this.#callers.get(member);
    if (known) return known;
    if (!this.#tls) throw new Error("etcd has not been started");
    const made = new Caller(`${member.address}:${clientPort}`, this.#tls);
    this.#callers.set(member, made);
    return made;
  }

  async #status(member: Member): Promise<Status> {
    return decodeStatus(await this.#caller(member).call(statusPath, new Uint8Array(), 1_000));
  }

  #spawn(member: Member): void {
    const { name, address } = member;
    const directory = join(this.#directory, name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const peers = this.#members.map(one => `${one.name}=https://${one.address}:${peerPort}`);
    const files = (kind: "" | "peer-"): string[] => [
      `--${kind}cert-file=${this.#directory}/cert.pem`,
      `--${kind}key-file=${this.#directory}/key.pem`,
      `--${kind}trusted-ca-file=${this.#directory}/cert.pem`,
      `--${kind}client-cert-auth`,
    ];
    const flags = [
      `--name=${name}`,
      `--data-dir=${directory}/data`,
      `--listen-peer-urls=https://${address}:${peerPort}`,
      `--initial-advertise-peer-urls=https://${address}:${peerPort}`,
      `--listen-client-urls=https://${address}:${clientPort}`,
      `--advertise-client-urls=https://${address}:${clientPort}`,
      `--initial-cluster=${peers.join(",")}`,
      "--initial-cluster-state=new",
      "--log-level=error",
      ...files(""),
      ...files("peer-"),
    ];
    const log = openSync(join(directory, "log"), "a");
    member.process = spawn(findProgram("etcd") ?? "etcd", flags, { stdio: ["ignore", log, log] });
    closeSync(log);
  }
}

/** etcdserverpb.StatusResponse, as far as it says who leads: header 1 (member_id 2), leader 4, raftTerm 6. */
function decodeStatus(bytes: Uint8Array): Status {
  const header = fieldsOf(bytes).get(1);
  const fields = fieldsOf(bytes);
  const member = header instanceof Uint8Array ? fieldsOf(header).get(2) : undefined;
  return { member: number(member), leader: number(fields.get(4)), term: number(fields.get(6)) };
}

/** A message's numbers and byte strings by field number. */
function fieldsOf(bytes: Uint8Array): Map<number, bigint | Uint8Array> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, bigint | Uint8Array>();
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 0) fields.set(field, BigInt(reader.uint64()));
    else if (wireType === 2) fields.set(field, reader.bytes());
    else reader.skip(wireType);
  }
  return fields;
}

const number = (value: bigint | Uint8Array | undefined): bigint => (typeof value === "bigint" ? value : 0n);
