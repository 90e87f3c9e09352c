import { ByteWriter } from "../../wire/byte-writer.ts";
import { type CalleeFrame, type CallerFrame, writeCallFrame } from "./call-frames.ts";

/** A frame as it goes over the wire, its header before it. */
export function framed(frame: CallerFrame | CalleeFrame): Buffer {
  const writer = new ByteWriter().uint32BE(0);
  writeCallFrame(writer, frame);
  writer.setUint32BE(0, writer.size - 4);
  return writer.written;
}
