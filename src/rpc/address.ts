import { Fault } from "../lib/fault.ts";

/** Splits HOST:PORT, or [V6]:PORT. Fault invalid_argument for anything else. */
export function parseAddress(text: string): { host: string; port: number } {
  const [, v6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (!host || port > 65_535) throw new Fault("invalid_argument", `Cannot use address "${text}": not HOST:PORT`);
  return { host, port };
}

export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
