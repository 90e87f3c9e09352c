import { type DescMessage, type DescMethod, fromBinary, type Message } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import { encodeMessage } from "../wire/message-encoder.ts";

/** How grpc-js is told about a method: path, kind, and how its messages become bytes. */
export function definitionOf(method: DescMethod): MethodDefinition<Message, Message> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: writer(method.input),
    requestDeserialize: reader(method.input),
    responseSerialize: writer(method.output),
    responseDeserialize: reader(method.output),
  };
}

function writer(schema: DescMessage): (message: Message) => Buffer {
  return message => {
    const bytes = encodeMessage(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** Reads from a plain view: the bytes fields of a message are views of what is given here, and are to be no Buffers. */
function reader(schema: DescMessage): (bytes: Buffer) => Message {
  return bytes => fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
