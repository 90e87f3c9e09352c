/** Something a client did: when it asked, and when it was answered, both as places in one order of all such moments. */
export interface Operation<Input, Output> {
  readonly input: Input;
  /** Undefined: nobody knows what became of it. It may have happened, at any time since it was asked for, or not at all. */
  readonly output: Output | undefined;
  readonly asked: number;
  /** Infinity when there was no answer. */
  readonly answered: number;
}

/** What a single copy that does one thing at a time would do. */
export interface Model<State extends string, Input, Output> {
  readonly initial: State;
  /** The state afterwards; undefined when it would not have answered so. An output of undefined fits whatever it is. */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
}

export type Verdict =
  | { readonly kind: "linearizable" }
  /** No order explains it. `explained` operations at most could be put in order, in the order in which they are given. */
  | { readonly kind: "impossible"; readonly explained: readonly number[] }
  /** Too many orders to try. */
  | { readonly kind: "undecided" };

/** Orders that are tried before giving up. */
const maxSteps = 2_000_000;

/** A moment of the history, in a list that operations are taken out of and put back into. */
interface Moment {
  readonly operation: number;
  /** The end of the operation; undefined for an end itself. */
  readonly answer: Moment | undefined;
  before: Moment | undefined;
  after: Moment | undefined;
}

/**
 * Whether there is an order of the operations, none before it was asked for or after it was answered, in which a single copy would
 * have answered the same. Searches depth first and tries nothing twice. Wing and Gong, "Testing and Verifying Concurrent Objects"
 * (1993), with Lowe's memory of what was tried, "Testing for Linearizability" (2017).
 */
export function checkLinearizable<State extends string, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): Verdict {
  const head = momentsOf(operations);
  const done = new Done(operations.length);
  const tried = new Set<string>();
  const path: { readonly moment: Moment; readonly state: State }[] = [];
  let longest: readonly number[] = [];
  let state = model.initial;
  let at = head.after;
  for (let steps = 0; head.after; steps++) {
    if (steps > maxSteps) return { kind: "undecided" };
    if (at?.answer) {
      const { input, output } = operations[at.operation] as Operation<Input, Output>;
      const next = model.step(state, input, output);
      if (next !== undefined && isNew(tried, done.with(at.operation), next)) {
        path.push({ moment: at, state });
        state = next;
        done.add(at.operation);
        takeOut(at);
        at = head.after;
      } else at = at.after;
      continue;
    }
    // An end, of an operation that would have had to come earlier: the last choice was wrong.
    if (path.length > longest.length) longest = path.map(({ moment }) => moment.operation);
    const last = path.pop();
    if (!last) return { kind: "impossible", explained: longest };
    state = last.state;
    done.delete(last.moment.operation);
    putBack(last.moment);
    at = last.moment.after;
  }
  return { kind: "linearizable" };
}

function isNew(tried: Set<string>, done: string, state: string): boolean {
  const key = `${done} ${state}`;
  if (tried.has(key)) return false;
  tried.add(key);
  return true;
}

/** Which operations are put in order already. */
class Done {
  readonly #bits: Uint32Array;

  constructor(size: number) {
    this.#bits = new Uint32Array(Math.ceil(size / 32));
  }

  add(place: number): void {
    this.#flip(place);
  }

  delete(place: number): void {
    this.#flip(place);
  }

  /** The whole, with one more. */
  with(place: number): string {
    this.#flip(place);
    const text = this.#bits.join(".");
    this.#flip(place);
    return text;
  }

  #flip(place: number): void {
    const word = place >>> 5;
    this.#bits[word] = (this.#bits[word] ?? 0) ^ (1 << (place & 31));
  }
}

/** All moments in order, behind a head. What was never answered ends after everything else. */
function momentsOf(operations: readonly Operation<unknown, unknown>[]): Moment {
  const timed = operations.flatMap(({ asked, answered }, operation) => {
    const answer: Moment = { operation, answer: undefined, before: undefined, after: undefined };
    const ask: Moment = { operation, answer, before: undefined, after: undefined };
    return [
      { time: asked, moment: ask },
      { time: answered, moment: answer },
    ];
  });
  timed.sort((a, b) => (a.time === b.time ? 0 : a.time - b.time));
  const head: Moment = { operation: -1, answer: undefined, before: undefined, after: undefined };
  let last = head;
  for (const { moment } of timed) {
    last.after = moment;
    moment.before = last;
    last = moment;
  }
  return head;
}

function takeOut(ask: Moment): void {
  for (const moment of [ask, ask.answer]) {
    if (moment?.before) moment.before.after = moment.after;
    if (moment?.after) moment.after.before = moment.before;
  }
}

/** Undoes `takeOut`: what was taken out last must be put back first. */
function putBack(ask: Moment): void {
  for (const moment of [ask.answer, ask]) {
    if (moment?.before) moment.before.after = moment;
    if (moment?.after) moment.after.before = moment;
  }
}
