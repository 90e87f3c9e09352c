import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { checkShape, optionalStringMap, optionalUint64, uint64 } from "./schema.ts";

const Spec = Type.Object({
  Name: Type.String(),
  Labels: optionalStringMap,
  Replicas: optionalUint64,
  Parts: Type.Optional(Type.Array(Type.Object({ Port: Type.Optional(uint64), On: Type.Optional(Type.Boolean()) }))),
});

const refusal = (value: unknown): string => {
  try {
    checkShape(Spec, value);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("checkShape", () => {
  it("takes null for absent and passes over what it does not know", () => {
    const value = { Name: "a", Labels: null, Parts: [{ Port: null, Unknown: { deep: null } }] };
    expect(checkShape(Spec, value)).toEqual({ Name: "a", Parts: [{ Unknown: {} }] });
  });

  it("takes names in other capitals, where the right one is not there", () => {
    const value = { NAME: "b", Name: "a", labels: { name: "kept" }, parts: [{ port: 1 }, { pORT: 2 }] };
    const expected = { NAME: "b", Name: "a", Labels: { name: "kept" }, Parts: [{ Port: 1 }, { Port: 2 }] };
    expect(checkShape(Spec, value)).toEqual(expected);
    expect(refusal({ name: 1 })).toBe("json: cannot unmarshal number 1 into Go struct field Name of type string");
  });

  it.each([
    [{ Name: 1 }, "json: cannot unmarshal number 1 into Go struct field Name of type string"],
    [{ Name: "a", Labels: [] }, "json: cannot unmarshal array into Go struct field Labels of type struct"],
    [{ Name: "a", Labels: { b: true } }, "json: cannot unmarshal bool into Go struct field Labels.b of type string"],
    [
      { Name: "a", Labels: { "b\nc": true } },
      "json: cannot unmarshal bool into Go struct field Labels.b\nc of type string",
    ],
    [{ Name: "a", Replicas: -1 }, "json: cannot unmarshal number -1 into Go struct field Replicas of type uint64"],
    [{ Name: "a", Replicas: 1.5 }, "json: cannot unmarshal number 1.5 into Go struct field Replicas of type uint64"],
    [
      { Name: "a", Replicas: 1e300 },
      "json: cannot unmarshal number 1e+300 into Go struct field Replicas of type uint64",
    ],
    [
      { Name: "a", Parts: [{}, { On: "x" }] },
      "json: cannot unmarshal string into Go struct field Parts.1.On of type bool",
    ],
    [
      { Name: "a", Labels: { "x/y~z": 1 } },
      "json: cannot unmarshal number 1 into Go struct field Labels.x/y~z of type string",
    ],
    [[], "json: cannot unmarshal array into Go struct field body of type struct"],
    [null, "json: cannot unmarshal null into Go struct field body of type struct"],
    ["text", "json: cannot unmarshal string into Go struct field body of type struct"],
  ])("names the field of %j", (value, message) => {
    expect(refusal(value)).toBe(message);
  });

  it("cannot be made to change prototypes", () => {
    const value: unknown = JSON.parse('{"Name":"a","__proto__":{"polluted":null},"Labels":{"__proto__":"x"}}');
    checkShape(Spec, value);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
