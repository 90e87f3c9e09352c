import { createSecureContext } from "node:tls";
import { ChannelCredentials, Client } from "@grpc/grpc-js";

/** What a caller shows and believes, PEM each. */
export interface CallerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The name to expect in the server's certificate where it is not the address. */
  readonly serverName?: string;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** gRPC calls over mutual TLS with messages that are bytes already: the same client for whichever server is measured. */
export class Caller {
  readonly address: string;
  readonly #client: Client;

  /** `address` is HOST:PORT. */
  constructor(address: string, { serverName, ...tls }: CallerTls) {
    this.address = address;
    const credentials = ChannelCredentials.createFromSecureContext(createSecureContext(tls));
    this.#client = new Client(address, credentials, {
      ...(serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName }),
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 200,
    });
  }

  /** Rejects with what gRPC says when the call fails or takes longer than `timeoutMs`. */
  call(path: string, request: Uint8Array, timeoutMs = 30_000): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      this.#client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), { deadline }, (error, answer) => {
        if (error) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
