/** The golden angle, degrees: hues that follow each other are far apart, however many there are. */
const step = 137.508;

/** The hue of the thing with this number, degrees. */
export function hueAt(number: number): number {
  return Math.round((number * step) % 360);
}
