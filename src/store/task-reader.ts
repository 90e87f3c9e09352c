import { type DescField, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { EndpointSchema, MetaSchema, type Task, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, DriverSchema, VersionSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { splitMessage } from "./wire-split.ts";

/** Bytes of different specs that are remembered, and of other parts: those of thousands of services. */
const maxSpecBytes = 8 * 1024 * 1024;
const maxPartBytes = 1024 * 1024;

/** What was decided together has the same times and version: only the last one is remembered. */
const onlyLast = 0;

/**
 * Reads tasks, and gives those with the same bytes in a part one such part between them. Decoding would give each a copy of its own of
 * its service's spec, which takes most of the time, and most of a swarm's memory.
 */
export class TaskReader {
  readonly #readers = new Map<number, (task: Task, bytes: Uint8Array) => void>();
  readonly #fields: readonly number[];

  constructor() {
    const { spec, serviceAnnotations, annotations, endpoint, logDriver, specVersion, meta } = TaskSchema.field;
    this.#share(spec, new Remembered(TaskSpecSchema, maxSpecBytes), (task, part) => {
      task.spec = part;
    });
    this.#share(serviceAnnotations, new Remembered(AnnotationsSchema, maxSpecBytes), (task, part) => {
      task.serviceAnnotations = part;
    });
    this.#share(annotations, new Remembered(AnnotationsSchema, maxPartBytes), (task, part) => {
      task.annotations = part;
    });
    this.#share(endpoint, new Remembered(EndpointSchema, maxPartBytes), (task, part) => {
      task.endpoint = part;
    });
    this.#share(logDriver, new Remembered(DriverSchema, maxPartBytes), (task, part) => {
      task.logDriver = part;
    });
    this.#share(specVersion, new Remembered(VersionSchema, maxPartBytes), (task, part) => {
      task.specVersion = part;
    });
    this.#share(meta, new Remembered(MetaSchema, onlyLast), (task, part) => {
      task.meta = part;
    });
    this.#fields = [...this.#readers.keys()];
  }

  /** Throws where the bytes are no task. */
  read(bytes: Uint8Array): Task {
    const { parts, rest } = splitMessage(bytes, this.#fields);
    // A field that comes twice is one of both together; nobody writes that.
    if (parts.some(({ field }, at) => parts.findIndex(part => part.field === field) !== at))
      return fromBinary(TaskSchema, bytes);
    const task = fromBinary(TaskSchema, rest);
    for (const { field, bytes: part } of parts) this.#readers.get(field)?.(task, part);
    return task;
  }

  #share<S extends DescMessage>(
    field: DescField,
    remembered: Remembered<S>,
    put: (task: Task, part: MessageShape<S>) => void,
  ): void {
    this.#readers.set(field.number, (task, bytes) => put(task, remembered.decode(bytes)));
  }
}

/** Messages by the bytes that they were decoded from. */
class Remembered<S extends DescMessage> {
  readonly #schema: S;
  readonly #maxBytes: number;
  readonly #messages = new Map<string, MessageShape<S>>();
  #bytes = 0;

  constructor(schema: S, maxBytes: number) {
    this.#schema = schema;
    this.#maxBytes = maxBytes;
  }

  decode(bytes: Uint8Array): MessageShape<S> {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const known = this.#messages.get(key);
    if (known) return known;
    if (this.#bytes > this.#maxBytes) this.#forget();
    const message = fromBinary(this.#schema, bytes);
    this.#messages.set(key, message);
    this.#bytes += bytes.length;
    return message;
  }

  /** What is still in use comes back with its next task. */
  #forget(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }
}
