import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault, type FaultCode } from "../lib/fault.ts";
import { CA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import {
  type CallContext,
  type Caller,
  type Client,
  type Connection,
  type Handlers,
  type Listener,
  register,
  type Transport,
  wasNotSent,
} from "./transport.ts";

/** One world (real sockets, a simulated network) that the contract is tried in. */
export interface TransportHarness {
  /** The transport of a node of the swarm. */
  member(caller: Caller): Promise<Transport>;
  /** A connection of somebody without a certificate. */
  stranger(address: string): Connection;
  /** HOST:0, for listening on a free port. */
  readonly listenAddress: string;
  /** Waits for the work; a simulated world moves its time on until it is done. */
  until<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const manager: Caller = { nodeId: "manager1", role: "manager", clusterId: "cluster" };

type AllHandlers = Handlers<typeof Dispatcher> & Handlers<typeof LogBroker>;
/** What a test wants the server to do; methods it leaves out answer unimplemented or nothing. */
type TestHandlers = { -readonly [K in keyof AllHandlers]?: AllHandlers[K] };

const unused = async (): Promise<never> => {
  throw new Fault("unimplemented", "unused");
};
async function* nothing(): AsyncGenerator<never, void> {}

/** Resolves when the signal aborts: what a handler that waits for something else does meanwhile. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A promise and the means to resolve it. */
class Moment<T = void> {
  resolve: (value: T) => void = () => {};
  readonly promise = new Promise<T>(resolve => {
    this.resolve = resolve;
  });
}

/** Runs the contract of `Transport` against one implementation, for calls of a node in that role. */
export function transportContract(
  name: string,
  open: () => Promise<TransportHarness>,
  role: Caller["role"] = "worker",
): void {
  const caller: Caller = { nodeId: "caller", role, clusterId: "cluster" };
  const other: Caller = { ...caller, nodeId: "other" };
  describe(`${name} keeps the contract of a transport for a ${role}`, () => {
    let harness: TransportHarness;
    let listener: Listener;
    let connection: Connection;
    let handlers: TestHandlers;

    const serve = async (address: string): Promise<Listener> => {
      return (await harness.member(manager)).listen(address, [
        register(Dispatcher, {
          session: (request, context) => (handlers.session ?? nothing)(request, context),
          heartbeat: (request, context) => (handlers.heartbeat ?? unused)(request, context),
          updateTaskStatus: (request, context) => (handlers.updateTaskStatus ?? unused)(request, context),
          updateVolumeStatus: unused,
          tasks: nothing,
          assignments: nothing,
        }),
        register(LogBroker, {
          listenSubscriptions: nothing,
          publishLogs: (requests, context) => (handlers.publishLogs ?? unused)(requests, context),
        }),
        register(CA, {
          getRootCACertificate: async (_request, context) => ({
            certificate: Buffer.from(context.caller?.nodeId ?? "nobody"),
          }),
          getUnlockKey: unused,
        }),
      ]);
    };
    const dispatcher = (): Client<typeof Dispatcher> => connection.client(Dispatcher);
    const logBroker = (): Client<typeof LogBroker> => connection.client(LogBroker);
    const until = <T>(work: Promise<T>): Promise<T> => harness.until(work);
    const fails = (code: FaultCode, text = "") =>
      expect.objectContaining({ name: "Fault", code, message: expect.stringContaining(text) });

    beforeEach(async () => {
      harness = await open();
      handlers = {};
      listener = await serve(harness.listenAddress);
      connection = (await harness.member(caller)).connect(listener.address);
    });
    afterEach(async () => {
      connection.close();
      await listener.close();
      await harness.close();
    });

    it("carries a call, and tells the handler who calls", async () => {
      const seen = new Moment<CallContext>();
      handlers.heartbeat = async (request, context) => {
        seen.resolve(context);
        return { period: { seconds: BigInt(request.sessionId.length), nanos: 7 } };
      };
      const answer = await until(dispatcher().heartbeat({ sessionId: "x".repeat(300) }));
      expect([answer.period?.seconds, answer.period?.nanos]).toEqual([300n, 7]);
      const context = await seen.promise;
      expect(context.caller).toEqual(caller);
      expect(context.peerAddress).not.toBe("");
    });

    it("believes a manager whose call it passes on, and nobody else", async () => {
      const seen: CallContext[] = [];
      handlers.heartbeat = async (_request, context) => {
        seen.push(context);
        return {};
      };
      const forwarding = { caller: other, peerAddress: "10.0.0.9" };
      const follower = (await harness.member({ ...manager, nodeId: "manager2" })).connect(listener.address);
      await until(follower.client(Dispatcher).heartbeat({}, { forwarding }));
      expect(seen).toEqual([expect.objectContaining({ ...forwarding, forwardedBy: "manager2" })]);
      const worker = (await harness.member({ ...caller, role: "worker" })).connect(listener.address);
      const denied = expect(until(worker.client(Dispatcher).heartbeat({}, { forwarding }))).rejects;
      await denied.toEqual(fails("permission_denied"));
      expect(seen.length).toBe(1);
      follower.close();
      worker.close();
    });

    it("breaks a long stream of requests at once, at both ends, when its server goes away", async () => {
      const [begun, gone] = [new Moment(), new Moment<unknown>()];
      handlers.publishLogs = async requests => {
        try {
          for await (const _ of requests) begun.resolve();
        } catch (error) {
          gone.resolve(error);
        }
        return {};
      };
      const over = new AbortController();
      async function* messages() {
        yield {};
        await aborted(over.signal);
      }
      const call = logBroker()
        .publishLogs(messages())
        .catch((error: unknown) => error);
      await until(begun.promise);
      await until(listener.close());
      expect(await until(call)).toEqual(fails("unavailable"));
      expect(await until(gone.promise)).toBeInstanceOf(Fault);
      over.abort();
    });

    it("knows nobody in a caller without a certificate", async () => {
      const stranger = harness.stranger(listener.address);
      const answer = await until(stranger.client(CA).getRootCACertificate({}));
      expect(Buffer.from(answer.certificate).toString()).toBe("nobody");
      expect(answer.certificate).not.toBeInstanceOf(Buffer);
      stranger.close();
    });

    it.each<[FaultCode, string]>([
      ["invalid_argument", "plain"],
      ["not_found", 'service "web" not found'],
      ["already_exists", "ünïcödé ☃ 𝄞"],
      ["permission_denied", "100 % of two\nlines"],
      ["resource_exhausted", ""],
      ["failed_precondition", "a\tb"],
      ["aborted", "x"],
      ["out_of_range", "x"],
      ["unimplemented", "x"],
      ["internal", "x"],
      ["data_loss", "x"],
      ["unauthenticated", "x"],
      ["unavailable", "x"],
      ["unknown", "update out of sequence"],
    ])("carries a fault %s with its text %j", async (code, text) => {
      handlers.heartbeat = async () => {
        throw new Fault(code, text);
      };
      await expect(until(dispatcher().heartbeat({}))).rejects.toMatchObject({ name: "Fault", code, message: text });
    });

    it("streams answers in order, and a fault after them", async () => {
      handlers.session = async function* (request) {
        for (let i = 0; i < 100; i++) yield { sessionId: `${request.sessionId}${i}` };
        if (request.sessionId === "bad") throw new Fault("aborted", "enough");
      };
      const read = async (sessionId: string) => {
        const seen: string[] = [];
        for await (const message of dispatcher().session({ sessionId })) seen.push(message.sessionId);
        return seen;
      };
      expect(await until(read("s"))).toEqual(Array.from({ length: 100 }, (_, i) => `s${i}`));
      await expect(until(read("bad"))).rejects.toEqual(fails("aborted", "enough"));
    });

    it("tells the handler when the caller leaves a stream", async () => {
      const gone = new Moment();
      handlers.session = async function* (_request, { signal }) {
        yield { sessionId: "first" };
        await aborted(signal);
        gone.resolve();
      };
      const leave = async () => {
        for await (const message of dispatcher().session({})) return message.sessionId;
        return "";
      };
      expect(await until(leave())).toBe("first");
      await until(gone.promise);
    });

    it("holds a handler back that produces faster than the caller reads", async () => {
      let produced = 0;
      const chunk = new Uint8Array(64 << 10);
      handlers.session = async function* (_request, { signal }) {
        while (!signal.aborted) {
          produced++;
          yield { RootCA: chunk };
        }
      };
      handlers.heartbeat = async () => ({});
      const stream = dispatcher().session({})[Symbol.asyncIterator]();
      await until(stream.next());
      for (let i = 0; i < 50; i++) await until(dispatcher().heartbeat({}));
      expect(produced).toBeLessThan(200);
      await until(Promise.resolve(stream.return?.()));
    });

    it("streams requests in order, and the handler's answer", async () => {
      const seen: string[] = [];
      handlers.publishLogs = async requests => {
        for await (const message of requests) seen.push(message.subscriptionId);
        return {};
      };
      async function* messages() {
        for (let i = 0; i < 100; i++) yield { subscriptionId: `${i}` };
      }
      await until(logBroker().publishLogs(messages()));
      expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    });

    it("holds a caller back that sends faster than the handler reads, and lets it go when the handler ends", async () => {
      let sent = 0;
      const released = new Moment();
      const chunk = { messages: [{ data: new Uint8Array(64 << 10) }] };
      async function* messages() {
        try {
          for (;;) {
            sent++;
            yield chunk;
          }
        } finally {
          released.resolve();
        }
      }
      const go = new Moment();
      handlers.heartbeat = async () => ({});
      handlers.publishLogs = async requests => {
        for await (const _ of requests) {
          await go.promise;
          throw new Fault("out_of_range", "no more");
        }
        return {};
      };
      const call = logBroker().publishLogs(messages());
      const outcome = expect(call).rejects.toEqual(fails("out_of_range", "no more"));
      for (let i = 0; i < 50; i++) await until(dispatcher().heartbeat({}));
      expect(sent).toBeLessThan(200);
      go.resolve();
      await until(outcome);
      await until(released.promise);
    });

    it("ends a call whose requests fail", async () => {
      const begun = new Moment();
      const seen = new Moment<unknown>();
      handlers.publishLogs = async requests => {
        try {
          for await (const _ of requests) begun.resolve();
        } catch (error) {
          seen.resolve(error);
          throw error;
        }
        return {};
      };
      async function* messages() {
        yield {};
        await begun.promise;
        throw new Fault("data_loss", "the log is broken");
      }
      await expect(until(logBroker().publishLogs(messages()))).rejects.toEqual(fails("data_loss", "the log is broken"));
      expect(await until(seen.promise)).toEqual(fails("cancelled"));
    });

    it("keeps deadlines, and tells the handler", async () => {
      const gone = new Moment();
      let isBegun = false;
      handlers.heartbeat = async (_request, { signal }) => {
        isBegun = true;
        await aborted(signal);
        gone.resolve();
        return {};
      };
      // On a busy machine the time of a call may be up before it has reached the handler.
      do await expect(until(dispatcher().heartbeat({}, { timeoutMs: 50 }))).rejects.toEqual(fails("deadline_exceeded"));
      while (!isBegun);
      await until(gone.promise);
    });

    it("ends a call when its caller aborts, and tells the handler", async () => {
      const [begun, gone] = [new Moment(), new Moment()];
      handlers.heartbeat = async (_request, { signal }) => {
        begun.resolve();
        await aborted(signal);
        gone.resolve();
        return {};
      };
      const controller = new AbortController();
      const call = expect(dispatcher().heartbeat({}, { signal: controller.signal })).rejects.toEqual(
        fails("cancelled"),
      );
      await until(begun.promise);
      controller.abort();
      await until(call);
      await until(gone.promise);
    });

    it("does not begin a call that is aborted already", async () => {
      handlers.heartbeat = async () => ({});
      const call = dispatcher().heartbeat({}, { signal: AbortSignal.abort() });
      await expect(until(call)).rejects.toEqual(fails("cancelled"));
    });

    /** A call of `connection` that runs until something ends it. */
    const waiting = async (over: Connection) => {
      const begun = new Moment();
      const gone = new Moment();
      handlers.heartbeat = async (_request, { signal }) => {
        begun.resolve();
        await aborted(signal);
        gone.resolve();
        return {};
      };
      const call = over.client(Dispatcher).heartbeat({});
      const settled = call.then(
        () => "answered" as const,
        (error: unknown) => error,
      );
      await until(begun.promise);
      return { settled, gone: gone.promise };
    };

    it("cuts a node off, that node alone, and lets it come again", async () => {
      const bystander = (await harness.member(other)).connect(listener.address);
      const spared = await waiting(bystander);
      const hit = await waiting(connection);
      listener.disconnect(caller.nodeId);
      expect(await until(hit.settled)).toEqual(fails("unavailable"));
      await until(hit.gone);
      expect(await Promise.race([spared.settled, Promise.resolve("still running")])).toBe("still running");
      handlers.heartbeat = async () => ({ period: { seconds: 1n } });
      await until(eventually(() => dispatcher().heartbeat({})));
      bystander.close();
    });

    it("ends running calls with unavailable when their connection is closed, and begins none", async () => {
      const call = await waiting(connection);
      connection.close();
      const ended = await until(call.settled);
      expect([ended, wasNotSent(ended)]).toEqual([fails("unavailable"), false]);
      await until(call.gone);
    });

    it("ends running calls with unavailable when the listener closes", async () => {
      const call = await waiting(connection);
      await until(listener.close());
      expect(await until(call.settled)).toEqual(fails("unavailable"));
      await until(call.gone);
      await expect(until(dispatcher().heartbeat({}))).rejects.toEqual(fails("unavailable", listener.address));
    });

    it("names the address where nobody listens, and reconnects when somebody does", async () => {
      await until(listener.close());
      const refused = await until(
        dispatcher()
          .heartbeat({})
          .catch(error => error),
      );
      expect([refused, wasNotSent(refused)]).toEqual([fails("unavailable", listener.address), true]);
      handlers.heartbeat = async () => ({});
      listener = await serve(listener.address);
      await until(eventually(() => dispatcher().heartbeat({})));
    });

    it("says so when an address is taken", async () => {
      expect(listener.address).not.toMatch(/:0$/);
      await expect(until(serve(listener.address))).rejects.toEqual(fails("failed_precondition", listener.address));
    });

    it("answers unimplemented for a service that is not served", async () => {
      const bare = await (await harness.member(manager)).listen(harness.listenAddress, []);
      const over = (await harness.member(caller)).connect(bare.address);
      await expect(until(over.client(Dispatcher).heartbeat({}))).rejects.toEqual(fails("unimplemented"));
      over.close();
      await bare.close();
    });
  });
}

/** Repeats a call that is refused while a connection is being made again. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Fault && error.code === "unavailable")) throw error;
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}
