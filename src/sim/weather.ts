/**
 * What a network does to calls that need one answer, each by chance. Streams deliver in order or break, for they are TCP's; a single
 * call may also be lost on its way, overtaken, or carried out without the caller ever learning of it.
 */
export interface Weather {
  /** Chance that a call never gets to its server. */
  readonly lostCalls: number;
  /** Chance that the answer is lost, after the server has done what was asked. */
  readonly lostAnswers: number;
  /** Calls start this late at most, in milliseconds, so that later ones may overtake them. */
  readonly lateMs: number;
  /** After what time at most a caller learns that its call was lost, in milliseconds. */
  readonly noticedMs: number;
}

export const fineWeather: Weather = { lostCalls: 0, lostAnswers: 0, lateMs: 0, noticedMs: 0 };
