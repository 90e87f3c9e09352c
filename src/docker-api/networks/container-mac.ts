/** The MAC that an engine gives a container with this IPv4 address; "" for none. */
export function containerMac(address: string): string {
  const bytes = address.split(".");
  if (bytes.length !== 4) return "";
  return ["02", "42", ...bytes.map(byte => Number(byte).toString(16).padStart(2, "0"))].join(":");
}
