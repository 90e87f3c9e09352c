type Labels = Readonly<Record<string, string>>;

/** Docker's own, by which it knows a stack: whoever changes them takes the service out of it. */
const kept = /^com\.docker\.stack\./;

/** Labels as lines to be changed, one KEY=VALUE each. */
export function labelLines(labels: Labels | null | undefined): string {
  return Object.entries({ ...labels })
    .filter(([key]) => !kept.test(key))
    .map(([key, value]) => (value === "" ? key : `${key}=${value}`))
    .sort()
    .join("\n");
}

/** The labels that lines say, with those of `before` that the lines do not show. */
export function labelsFrom(text: string, before: Labels | null | undefined): Labels {
  const lines = text.split("\n").flatMap(line => {
    const [key = "", ...value] = line.trim().split("=");
    return key === "" ? [] : [[key, value.join("=")] as const];
  });
  return Object.fromEntries([...Object.entries({ ...before }).filter(([key]) => kept.test(key)), ...lines]);
}
