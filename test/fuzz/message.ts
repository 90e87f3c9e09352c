import { create, type DescEnum, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Mutator } from "./mutator.ts";

/** Messages in messages. */
const deepest = 6;
const longestList = 3;
const integers = [0n, 1n, 2n, 5n, 100n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n];

/** A message of this kind with any of its fields set to anything their types allow. */
export function anyMessage(desc: DescMessage, mutator: Mutator, depth = 0): Message {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) if (mutator.chance(0.6)) setAny(message, field, mutator, depth);
  return message.message;
}

/** A copy of a message in which some fields, deep inside too, are set to anything or cleared. */
export function varied(desc: DescMessage, original: Message, mutator: Mutator): Message {
  const message = reflect(desc, structuredClone(original));
  vary(message, mutator, 0);
  return message.message;
}

function vary(message: ReflectMessage, mutator: Mutator, depth: number): void {
  for (const field of message.desc.fields) {
    const dice = mutator.random.float();
    if (dice < 0.04) message.clear(field);
    else if (dice < 0.1) setAny(message, field, mutator, depth);
    else if (field.fieldKind === "message" && message.isSet(field) && depth < deepest)
      vary(message.get(field), mutator, depth + 1);
  }
}

function setAny(message: ReflectMessage, field: DescField, mutator: Mutator, depth: number): void {
  if (depth >= deepest && field.fieldKind !== "scalar") return;
  const count = mutator.below(longestList + 1);
  switch (field.fieldKind) {
    case "scalar":
      message.set(field, anyScalar(field.scalar, mutator));
      return;
    case "enum":
      message.set(field, anyOf(field.enum, mutator));
      return;
    case "message":
      message.set(field, reflect(field.message, anyMessage(field.message, mutator, depth + 1)));
      return;
    case "list": {
      const list = message.get(field);
      for (let i = 0; i < count; i++) list.add(anyElement(field, mutator, depth));
      return;
    }
    case "map": {
      const map = message.get(field);
      for (let i = 0; i < count; i++)
        map.set(anyScalar(field.mapKey, mutator) as never, anyElement(field, mutator, depth));
      return;
    }
    default:
      field satisfies never;
  }
}

function anyElement(field: DescField & { fieldKind: "list" | "map" }, mutator: Mutator, depth: number): unknown {
  if (field.message) return reflect(field.message, anyMessage(field.message, mutator, depth + 1));
  if (field.enum) return anyOf(field.enum, mutator);
  return anyScalar(field.scalar ?? ScalarType.STRING, mutator);
}

/** A value that has no name as well, where its kind allows that. */
function anyOf({ values, open }: DescEnum, mutator: Mutator): number {
  return open && mutator.chance(0.1) ? values.length + 5 : mutator.one(values).number;
}

function anyScalar(type: ScalarType, mutator: Mutator): unknown {
  switch (type) {
    case ScalarType.STRING:
      return mutator.text().replace(/\p{Surrogate}/gu, "?");
    case ScalarType.BYTES:
      return mutator.chance(0.5) ? Buffer.from(mutator.text()) : mutator.random.bytes(mutator.below(40));
    case ScalarType.BOOL:
      return mutator.chance(0.5);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return mutator.chance(0.1) ? Number.NaN : Math.fround(mutator.random.float());
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return mutator.one(integers) * (mutator.chance(0.2) ? -1n : 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return mutator.one(integers);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return mutator.one([0, 1, 2, 80, 8080, 65_535, 2 ** 32 - 1]);
    default:
      return mutator.one([0, 1, -1, 2, 80, 2 ** 31 - 1, -(2 ** 31)]);
  }
}
