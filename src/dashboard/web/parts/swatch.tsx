/** A service's name behind its colour, which does not stay alone at the end of a line. The hue is its surroundings' `--hue`. */
export function Swatched({ name }: { readonly name: string }) {
  return (
    <>
      <span class="swatch" aria-hidden="true" />
      {`\u00a0${name}`}
    </>
  );
}
