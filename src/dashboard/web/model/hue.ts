/** The golden angle, degrees: hues that follow each other are far apart, however many there are. */
const step = 137.508;
/** The first is a calm blue: what is alone is not to look like an alarm. */
const first = 200;

/** The hue of the thing with this number, degrees. */
export function hueAt(number: number): number {
  return Math.round((first + number * step) % 360);
}
