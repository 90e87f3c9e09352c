/** Why a text cannot be split into words. */
export class ShellWordsError extends Error {
  override readonly name = "ShellWordsError";
}

/** The words of a command as a POSIX shell splits it: quotes and backslashes mean what they mean there, nothing else does. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const quoted = quotedAt(text, at);
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else if (char === "\\") {
      at += 1;
      if (at >= text.length) throw new ShellWordsError(`${JSON.stringify(text)} ends in a backslash`);
      word = (word ?? "") + text[at];
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function quotedAt(text: string, start: number): { text: string; end: number } {
  const quote = text[start];
  let inner = "";
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === quote) return { text: inner, end: at };
    if (char === "\\" && quote === '"' && /["\\$`]/.test(text[at + 1] ?? "")) {
      inner += text[at + 1];
      at += 1;
    } else inner += char;
  }
  throw new ShellWordsError(`a quote in ${JSON.stringify(text)} is not closed`);
}
