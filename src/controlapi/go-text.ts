/** A number as Go's `%g` prints it, which SwarmKit's texts use: `0.001`, `1e-09`, `2.5e+06`. */
export function goFloat(value: number): string {
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** A text as Go's `%q` prints it. */
export function goQuote(text: string): string {
  return JSON.stringify(text);
}
