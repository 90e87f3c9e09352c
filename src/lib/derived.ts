/**
 * What is worked out for an object from itself and some inputs. It is kept for as long as the object is, and worked out anew when an
 * input is another one than the last time (`Object.is`); so nobody may change any of them in place.
 */
export class Derived<K extends object, V> {
  readonly #known = new WeakMap<K, { readonly inputs: readonly unknown[]; readonly value: V }>();

  of(object: K, inputs: readonly unknown[], workOut: () => V): V {
    const before = this.#known.get(object);
    if (before && areTheSame(before.inputs, inputs)) return before.value;
    const value = workOut();
    this.#known.set(object, { inputs, value });
    return value;
  }
}

function areTheSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (!Object.is(a[at], b[at])) return false;
  return true;
}
