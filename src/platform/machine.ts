import { readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";

/** This machine, in the words of Docker's API. */
export function describeMachine() {
  return {
    architecture: goArchitectures[arch()] ?? arch(),
    kernelVersion: release(),
    operatingSystem: operatingSystem(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
}

const goArchitectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}
