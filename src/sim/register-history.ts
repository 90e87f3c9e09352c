import { checkLinearizable, type Model, type Operation } from "./linearizability.ts";

/** What clients do with one named value. Each value written is another one, so that a reader knows who wrote it. */
export type RegisterInput =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: string }
  /** Reads and writes at once: done twice or on something stale, it shows. */
  | { readonly kind: "append"; readonly value: string }
  | { readonly kind: "remove" };

/** What a read saw; "" for everything that only says that it was done, and for a value that is not there. */
export type RegisterOutput = string;

export const registerModel: Model<string, RegisterInput, RegisterOutput> = {
  initial: "",
  step(state, input, output) {
    switch (input.kind) {
      case "read":
        return output === undefined || output === state ? state : undefined;
      case "write":
        return input.value;
      case "append":
        return appended(state, input.value);
      case "remove":
        return "";
      default:
        return input satisfies never;
    }
  },
};

export function appended(before: string, value: string): string {
  return before === "" ? value : `${before}+${value}`;
}

function valuesIn(state: string): string[] {
  return state.split("+");
}

interface Entry extends Operation<RegisterInput, RegisterOutput> {
  readonly client: string;
}

type Outcome =
  | { readonly kind: "done"; readonly output: RegisterOutput }
  /** It certainly has not happened, and never will. */
  | { readonly kind: "refused" }
  | { readonly kind: "unknown" };

/** Everything that clients asked and were answered, by key. */
export class RegisterHistory {
  readonly #entries = new Map<string, Entry[]>();
  #moment = 0;
  #size = 0;

  /** Operations that are not known to have been refused. */
  get size(): number {
    return this.#size;
  }

  /** A client asks now; call what is returned when it is answered. */
  ask(client: string, key: string, input: RegisterInput): (outcome: Outcome) => void {
    const asked = this.#moment++;
    return outcome => {
      // A read that nobody was told about says nothing.
      if (outcome.kind === "refused" || (outcome.kind === "unknown" && input.kind === "read")) return;
      const isDone = outcome.kind === "done";
      const output = isDone ? outcome.output : undefined;
      const answered = isDone ? this.#moment++ : Number.POSITIVE_INFINITY;
      const entries = this.#entries.get(key) ?? [];
      this.#entries.set(key, entries);
      entries.push({ client, input, output, asked, answered });
      this.#size++;
    };
  }

  /** What is wrong with it, in words; nothing when it is linearizable. Keys are independent of each other. */
  *problems(): Iterable<string> {
    for (const [key, entries] of this.#entries) {
      entries.sort((a, b) => a.asked - b.asked);
      const verdict = checkLinearizable(relevant(entries), registerModel);
      if (verdict.kind === "undecided") yield `${key}: too many orders of ${entries.length} operations to tell`;
      if (verdict.kind !== "impossible") continue;
      const explained = new Set(verdict.explained);
      const lines = relevant(entries).map((entry, place) => `${explained.has(place) ? " " : "?"} ${inWords(entry)}`);
      yield `${key} is not linearizable; what cannot be explained is marked:\n${lines.join("\n")}`;
    }
  }
}

/**
 * Without the writes of unknown fate that nobody ever saw: they explain nothing, and may as well not have happened. Each of them
 * would double the orders to be tried.
 */
function relevant(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set(entries.flatMap(({ input, output }) => (input.kind === "read" ? valuesIn(output ?? "") : [])));
  return entries.filter(({ input, output }) => output !== undefined || !("value" in input) || seen.has(input.value));
}

function inWords({ client, input, output, asked, answered }: Entry): string {
  const what = "value" in input ? `${input.kind} ${input.value}` : input.kind;
  const saw = output === undefined ? "nobody knows" : input.kind === "read" ? `saw "${output}"` : "done";
  return `${client} [${asked}, ${answered}] ${what}: ${saw}`;
}
