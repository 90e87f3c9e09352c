/** Answers that look like mistakes of the manager's, and are Docker's and SwarmKit's to the letter: clients match on them. */
const faithful: readonly RegExp[] = [
  /update out of sequence$/,
  /constraint expected one operator from ==, !=$/,
  /(?:key|value) '.*' is invalid$/s,
  /^Invalid \w+ filter: /,
  /^Invalid subnet /,
  /^invalid name: /,
  /^unrecognized rollback option /,
  /^Bad parameters: you must choose at least one stream$/,
  /^warning: incomplete log stream/,
];

/** Whether Docker would answer the same, and as the same kind of error. */
export function isFaithful(text: string): boolean {
  return faithful.some(pattern => pattern.test(text));
}
