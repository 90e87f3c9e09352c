import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareParts } from "./sharing.ts";

const bigAsText = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

describe("shareParts", () => {
  it("makes an equal value, whatever the model", () => {
    const value = fc.object({ withBigInt: true, withTypedArray: true });
    const alike = (model: object, copy: object) => {
      expect(shareParts(model, copy)).toEqual(copy);
    };
    fc.assert(fc.property(value, value, alike));
  });

  it("is the model for an equal copy, byte arrays excepted", () => {
    const plain = fc
      .object({ withBigInt: true })
      .filter(value => !JSON.stringify(value, bigAsText).includes("__proto__"));
    fc.assert(fc.property(plain, model => shareParts(model, structuredClone(model)) === model));
  });

  it("takes equal parts from the model, however deep", () => {
    const model = { spec: { env: ["A=1", "B=2"] }, status: { state: 1, container: { id: "x" } } };
    const copy = { spec: { env: ["A=1", "B=2"] }, status: { state: 2, container: { id: "x" } } };
    const shared = shareParts(model, copy);
    expect(shared).toEqual(copy);
    expect(shared.spec).toBe(model.spec);
    expect(shared.status.container).toBe(model.status.container);
    expect(model.status.state).toBe(1);
  });

  it.each<[object, object]>([
    [{ list: [1, 2] }, { list: [1] }],
    [{ list: [1] }, { list: [1, 2] }],
    [{ list: [] }, { list: {} }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{}, { toString: "x" }],
    [{ toString: "x" }, {}],
    [{ a: {} }, { a: JSON.parse('{"__proto__": "x"}') }],
    [{ a: Uint8Array.of(1, 2) }, { a: Uint8Array.of(1) }],
  ])("keeps %j and %j apart", (model, copy) => {
    expect(shareParts(model, copy)).toEqual(copy);
  });
});
