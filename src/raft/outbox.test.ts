import { expect, it } from "vitest";
import type { Message } from "./message.ts";
import { Outbox } from "./outbox.ts";

it("an outbox holds back what rests on a save until that very save is done, and nothing else", () => {
  const [now, first, second]: Message[] = [2n, 3n, 4n].map(to => ({ type: "timeout-now", from: 1n, to, term: 1n }));
  const outbox = new Outbox();
  outbox.sendWhenDurable(first!);
  expect(outbox.take(1)).toEqual([]);
  outbox.sendWhenDurable(second!);
  outbox.send(now!);
  expect(outbox.take(2)).toEqual([now]);
  outbox.release(1);
  expect(outbox.take(2)).toEqual([first]);
  outbox.release(2);
  outbox.sendWhenDurable(now!);
  expect(outbox.take(undefined)).toEqual([second, now]);
});
