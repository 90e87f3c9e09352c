/** What the daemon knows of itself and its machine, for the answers that tell of them. */
export interface Machine {
  /** Shoal's own version. */
  readonly version: string;
  readonly runtimeKind: "docker" | "embedded" | "sim";
  readonly dataRoot: string;
  readonly hostname: string;
  /** As Go spells it: "amd64", "arm64". */
  readonly architecture: string;
  readonly kernelVersion: string;
  /** Like "Debian GNU/Linux 12 (bookworm)". */
  readonly operatingSystem: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}
