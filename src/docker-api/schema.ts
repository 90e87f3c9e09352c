import { type Static, type TSchema, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { HttpError } from "./errors.ts";

/*
 * Schemas of request bodies. Docker's clients leave out what they do not set and send null for Go's nil, so members are
 * optional and null counts as absent; members nobody knows are passed over, as Go does.
 */

export const optionalString = Type.Optional(Type.String());
export const optionalBoolean = Type.Optional(Type.Boolean());
export const optionalStrings = Type.Optional(Type.Array(Type.String()));
/** Labels, options and other maps of strings. The pattern takes any key; typebox's own leaves out keys with line breaks. */
export const optionalStringMap = Type.Optional(Type.Record(Type.String({ pattern: "[^]*" }), Type.String()));
/** Numbers in JSON are exact up to 2^53; greater ones are refused rather than changed unseen. */
export const uint64 = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, title: "uint64" });
export const int64 = Type.Integer({
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
  title: "int64",
});
export const uint32 = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, title: "uint32" });
export const optionalUint64 = Type.Optional(uint64);
export const optionalInt64 = Type.Optional(int64);
export const optionalUint32 = Type.Optional(uint32);

const compiled = new WeakMap<TSchema, Validator>();

function validatorOf(schema: TSchema): Validator {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = Compile(schema);
    compiled.set(schema, validator);
  }
  return validator;
}

/**
 * The value as the schema's type; 400 naming the first field that does not fit. In place, null members are deleted and
 * names spelt in other capitals are put right.
 */
export function checkShape<S extends TSchema>(schema: S, value: unknown): Static<S> {
  dropNulls(value);
  foldNames(schema, value);
  const validator = validatorOf(schema);
  if (validator.Check(value)) return value as Static<S>;
  const [first] = validator.Errors(value);
  if (!first) throw new HttpError(400, "the request body does not have the expected form");
  const found = valueAt(value, first.instancePath);
  throw cannotUnmarshal(found, fieldName(first.instancePath), typeName(valueAt(schema, first.schemaPath.slice(1))));
}

/** Go's complaint about a JSON value of the wrong type, with the field's full name. */
export function cannotUnmarshal(value: unknown, field: string, type: string): HttpError {
  const found = typeof value === "number" ? `number ${value}` : kindOf(value);
  return new HttpError(400, `json: cannot unmarshal ${found} into Go struct field ${field} of type ${type}`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** "/TaskTemplate/Networks/0/Target" → "TaskTemplate.Networks.0.Target"; the whole body is "body". */
function fieldName(pointer: string): string {
  return pointer === "" ? "body" : pointer.slice(1).split("/").map(unescapePointer).join(".");
}

// RFC 6901: "~1" stands for "/", "~0" for "~".
const unescapePointer = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

function valueAt(value: unknown, pointer: string): unknown {
  let here = value;
  for (const part of pointer.split("/").slice(1)) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Reflect.get(here, unescapePointer(part));
  }
  return here;
}

function typeName(schema: unknown): string {
  if (typeof schema !== "object" || schema === null) return "struct";
  const title: unknown = Reflect.get(schema, "title");
  if (typeof title === "string") return title;
  const type: unknown = Reflect.get(schema, "type");
  return type === "boolean" ? "bool" : type === "object" ? "struct" : String(type);
}

/** Bounded by the depth that `parseJson` lets through. */
function dropNulls(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (member === null && !Array.isArray(value)) Reflect.deleteProperty(value, key);
    else dropNulls(member);
  }
}

/** Go's decoder takes "name" for "Name" where there is no "Name". Bounded by the depth of the schema. */
function foldNames(schema: unknown, value: unknown): void {
  if (!isRecord(schema) || !isRecord(value)) return;
  if (Array.isArray(value)) for (const element of value) foldNames(schema.items, element);
  const members = schema.properties;
  if (Array.isArray(value) || !isRecord(members)) return;
  for (const key of Object.keys(value)) {
    const name = Object.hasOwn(members, key) ? key : nameLike(members, key);
    if (name === undefined || (name !== key && Object.hasOwn(value, name))) continue;
    if (name !== key) {
      value[name] = value[key];
      Reflect.deleteProperty(value, key);
    }
    foldNames(members[name], value[name]);
  }
}

const lowerNames = new WeakMap<object, ReadonlyMap<string, string>>();

function nameLike(members: Record<string, unknown>, key: string): string | undefined {
  let names = lowerNames.get(members);
  if (!names) {
    names = new Map(Object.keys(members).map(name => [name.toLowerCase(), name]));
    lowerNames.set(members, names);
  }
  return names.get(key.toLowerCase());
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
