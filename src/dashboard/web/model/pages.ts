/** The items of one page, and which it is: the last one where the list is not as long any more. */
export function pageOf<T>(items: readonly T[], size: number, wanted: number) {
  const at = Math.min(wanted, Math.max(0, Math.ceil(items.length / size) - 1));
  return { at, shown: items.slice(at * size, (at + 1) * size) };
}

/** First and last item of each page, counted from 1. */
export function pagesOf(count: number, size: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, page) => ({
    from: page * size + 1,
    to: Math.min(count, (page + 1) * size),
  }));
}
