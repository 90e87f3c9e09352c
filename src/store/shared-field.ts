import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ByteWriter } from "../wire/byte-writer.ts";
import { writeMessage } from "../wire/message-encoder.ts";

/*
 * Fields whose messages are often the very same objects as before: these are encoded once. Objects in the store are never changed in
 * place, so bytes once made stay right.
 */

interface Field {
  readonly number: number;
}

/** Messages that a `RecentField` remembers: a task has few networks, and what is written together has few times. */
const maxRecent = 4;

/** For what is shared by objects that are written one after the other. Most often it is the one before. */
export class RecentField<S extends DescMessage> {
  readonly #field: Field;
  readonly #schema: S;
  readonly #messages: MessageShape<S>[] = [];
  readonly #bytes: Uint8Array[] = [];
  #next = 0;

  constructor(field: Field, schema: S) {
    this.#field = field;
    this.#schema = schema;
  }

  write(writer: ByteWriter, message: MessageShape<S> | undefined): void {
    if (message === undefined) return;
    const known = this.#bytes[this.#messages.indexOf(message)];
    writer.raw(known ?? this.#encode(message));
  }

  #encode(message: MessageShape<S>): Uint8Array {
    const bytes = wholeField(this.#field, this.#schema, message);
    this.#messages[this.#next] = message;
    this.#bytes[this.#next] = bytes;
    this.#next = (this.#next + 1) % maxRecent;
    return bytes;
  }
}

/** For what is shared by objects that may be written at any time: remembered for as long as the message is there. */
export class LastingField<S extends DescMessage> {
  readonly #field: Field;
  readonly #schema: S;
  readonly #known = new WeakMap<Message, Uint8Array>();

  constructor(field: Field, schema: S) {
    this.#field = field;
    this.#schema = schema;
  }

  write(writer: ByteWriter, message: MessageShape<S> | undefined): void {
    if (message === undefined) return;
    let bytes = this.#known.get(message);
    if (!bytes) {
      bytes = wholeField(this.#field, this.#schema, message);
      this.#known.set(message, bytes);
    }
    writer.raw(bytes);
  }
}

/** The field with its tag and length. */
function wholeField<S extends DescMessage>({ number }: Field, schema: S, message: MessageShape<S>): Uint8Array {
  const writer = new ByteWriter().tag(number, WireType.LengthDelimited).fork();
  writeMessage(writer, schema, message);
  return writer.join().copy();
}
