import { Type } from "typebox";

/* The kinds of values that a Compose file has. A title says in messages what was expected. */

export const text = Type.String({ title: "a text" });
export const flag = Type.Boolean({ title: "true or false" });
export const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, title: "a whole number" });
export const number = Type.Number({ title: "a number" });
export const duration = Type.String({
  pattern: "^(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h|d|w))+$|^0$",
  title: 'a duration like "90s" or "1m30s"',
});
export const size = Type.String({
  pattern: "^\\d+(\\.\\d+)? ?([bB]|[kKmMgGtTpP]([iI]?[bB])?)?$",
  title: 'a size like "64m" or "1g"',
});
export const cpus = Type.String({ pattern: "^\\d*(\\.\\d+)?$", minLength: 1, title: 'a number of CPUs like "0.5"' });
export const texts = Type.Array(text, { title: "a list of texts" });
/** Any key: typebox's own pattern leaves out those with line breaks. */
export const anyKey = Type.String({ pattern: "[^]*" });
/** Labels and options; a key without a value has an empty one. */
export const textMap = Type.Record(anyKey, Type.Union([text, Type.Null()]), { title: "a mapping of texts" });
/** Extensions, which every mapping of a Compose file may have. */
export const extensible = { additionalProperties: false, title: "a mapping" };
