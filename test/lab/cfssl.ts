import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, eventually } from "./command.ts";

const key = { algo: "ecdsa", size: 256 };
const usages = ["digital signature", "key encipherment", "server auth", "client auth"];

/** As an operator configures it for a swarm: nodes' certificates, and one profile for those of other roots. */
const config = {
  signing: {
    default: { usages, expiry: "2160h", backdate: "1h" },
    profiles: {
      CA: { usages: ["cert sign", "crl sign"], expiry: "87600h", backdate: "1h", ca_constraint: { is_ca: true } },
    },
  },
};

/** A real CFSSL server with a root of its own, that signs for whoever shows a certificate under one of the roots it trusts. */
export class Cfssl {
  readonly #directory = mkdtempSync(join(tmpdir(), "shoal-cfssl-"));
  readonly #address: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  get url(): string {
    return `https://${this.#address}:${this.#port}/api/v1/cfssl/sign`;
  }

  /** Of the file with its root certificate. */
  get rootFile(): string {
    return this.#file("root.pem");
  }

  get rootPem(): string {
    return readFileSync(this.rootFile, "utf8");
  }

  /** Makes its root, and a certificate for itself. */
  async prepare(): Promise<void> {
    const request = (content: object): string => {
      writeFileSync(this.#file("request.json"), JSON.stringify({ key, ...content }));
      return this.#file("request.json");
    };
    this.#keep(
      "root",
      await command(["cfssl", "gencert", "-initca", request({ CN: "swarm-ca", ca: { expiry: "87600h" } })]),
    );
    const issuer = ["-ca", this.rootFile, "-ca-key", this.#file("root.key")];
    this.#keep(
      "server",
      await command(["cfssl", "gencert", ...issuer, `-hostname=${this.#address}`, request({ CN: "cfssl" })]),
    );
    writeFileSync(this.#file("config.json"), JSON.stringify(config));
  }

  /** Serves whoever has a certificate under its own root or one of `roots` (PEM); resolves when it listens. */
  async start(...roots: string[]): Promise<void> {
    writeFileSync(this.#file("clients.pem"), [this.rootPem, ...roots].join("\n"));
    const flags = {
      address: this.#address,
      port: `${this.#port}`,
      ca: this.rootFile,
      "ca-key": this.#file("root.key"),
      config: this.#file("config.json"),
      "tls-cert": this.#file("server.pem"),
      "tls-key": this.#file("server.key"),
      "mutual-tls-ca": this.#file("clients.pem"),
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
    const log = openSync(this.#file("log"), "a");
    this.#process = spawn("cfssl", ["serve", ...args], { stdio: ["ignore", log, log] });
    closeSync(log);
    await eventually("CFSSL listens", () => this.#isListening());
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    await new Promise(resolve => {
      running.once("close", resolve);
      running.kill("SIGKILL");
    });
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #isListening(): Promise<true | undefined> {
    return new Promise(resolve => {
      const socket = connect(this.#port, this.#address);
      socket.on("error", () => resolve(undefined));
      socket.on("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
  }

  #keep(name: string, json: string): void {
    const made = JSON.parse(json) as { readonly cert: string; readonly key: string };
    writeFileSync(this.#file(`${name}.pem`), made.cert);
    writeFileSync(this.#file(`${name}.key`), made.key, { mode: 0o600 });
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}
