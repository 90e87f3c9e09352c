import { Fault } from "../lib/fault.ts";
import type { HttpsAnswer, HttpsClient, HttpsServer } from "../ports/https.ts";

/** A simulated HTTPS server. */
export interface SimHttpsServer {
  /** The root (PEM) that its certificate is under; callers that do not trust it will not talk to it. */
  readonly rootPem: string;
  answer(json: string): Promise<HttpsAnswer>;
}

/** HTTPS servers by URL. Nothing takes time. */
export class SimHttps implements HttpsClient {
  readonly servers = new Map<string, SimHttpsServer>();

  async post(server: HttpsServer, json: string): Promise<HttpsAnswer> {
    return this.#at(server).answer(json);
  }

  async greet(server: HttpsServer): Promise<void> {
    this.#at(server);
  }

  #at({ url, rootPem }: HttpsServer): SimHttpsServer {
    const server = this.servers.get(url);
    if (!server) throw new Fault("unavailable", `Cannot reach ${url}: nobody is there`);
    if (!rootPem.includes(server.rootPem))
      throw new Fault("unavailable", `Cannot reach ${url}: its root is not trusted`);
    return server;
  }
}
