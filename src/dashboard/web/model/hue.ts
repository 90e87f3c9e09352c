/**
 * Degrees: blue, orange, violet, green, magenta, yellow, teal, lime, indigo, pink. What follows each other is told apart at a glance, the
 * first is calm, and none is red, which says that something is wrong.
 */
const palette = [205, 30, 265, 145, 295, 52, 180, 85, 235, 315] as const;
/** Degrees by which each time through the palette differs from the one before, and after how many it is the first again. */
const [shift, turns] = [8, 3] as const;

/** The hue of the thing with this number, degrees. */
export function hueAt(number: number): number {
  const turn = Math.floor(number / palette.length) % turns;
  return (palette[number % palette.length] ?? palette[0]) + turn * shift;
}
