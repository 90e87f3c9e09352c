import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";

/** Messages inside messages go this deep; deeper ones are left out. */
const depth = 2;

const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const unsigned = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsignedLong = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: "binary", maxLength: 8 });

function scalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.DOUBLE:
      return fc.double({ noNaN: true });
    case ScalarType.FLOAT:
      return fc.float({ noNaN: true });
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return long;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return unsignedLong;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return integer;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return unsigned;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 8 });
    default:
      return type satisfies never;
  }
}

function value(field: DescField, left: number): fc.Arbitrary<unknown> | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar);
    case "enum":
      return fc.constantFrom(...field.enum.values.map(({ number }) => number));
    case "message":
      return part(field.message, left, field.oneof === undefined);
    case "list": {
      const item = field.message ? part(field.message, left, false) : field.scalar ? scalar(field.scalar) : undefined;
      const items = item ?? (field.enum && fc.constantFrom(...field.enum.values.map(({ number }) => number)));
      return items && fc.array(items, { maxLength: 3 });
    }
    case "map": {
      const item = field.message ? part(field.message, left, false) : field.scalar ? scalar(field.scalar) : undefined;
      return (
        item &&
        fc.dictionary(
          fc.string({ maxLength: 4 }).filter(key => key !== "__proto__"),
          item,
          { maxKeys: 3 },
        )
      );
    }
    default:
      return field satisfies never;
  }
}

/** A message in a field. Wrapped scalars in fields of their own are plain values in the generated types. */
function part(message: DescMessage, left: number, unwrap: boolean): fc.Arbitrary<unknown> | undefined {
  const [wrapped] = message.fields;
  if (unwrap && isWrapperDesc(message) && wrapped?.fieldKind === "scalar") return scalar(wrapped.scalar);
  return left === 0 ? undefined : sample(message, left - 1);
}

/** Messages of a kind with every field there or not. */
export function sample(message: DescMessage, left = depth): fc.Arbitrary<Message> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const member of message.members) {
    if (member.kind === "field") {
      const arbitrary = value(member, left);
      if (arbitrary) parts[member.localName] = arbitrary;
      continue;
    }
    const cases = member.fields.flatMap(field => {
      const arbitrary = value(field, left);
      return arbitrary ? [arbitrary.map(inner => ({ case: field.localName, value: inner }))] : [];
    });
    if (cases.length > 0) parts[member.localName] = fc.oneof(...cases);
  }
  return fc.record(parts, { requiredKeys: [] }).map(init => create(message, init));
}
