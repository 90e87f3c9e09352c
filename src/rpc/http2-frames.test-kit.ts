/* Bytes of HTTP/2 (RFC 9113) for tests that say what no library of ours would. */

export const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
export const flag = { endStream: 1, endHeaders: 4 } as const;

/** A frame with its header; the stream's number as it comes. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Headers as literals that go into no table (RFC 7541, section 6.2.2); no name or value longer than 126 bytes. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Uint8Array.of(value.length), Buffer.from(value)]);
  return Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Uint8Array.of(0), text(name), text(value)]));
}

/** What a client says before its first frame. */
export const magic = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** How a client begins. */
export const preface = Buffer.concat([magic, frame(frameType.settings, 0, 0, Buffer.alloc(0))]);

/** The headers of a call of gRPC. */
export function callHeaders(path: string, contentType = "application/grpc"): Buffer {
  return headerBlock({
    ":method": "POST",
    ":scheme": "https",
    ":path": path,
    ":authority": "swarm-manager",
    "content-type": contentType,
    te: "trailers",
  });
}
