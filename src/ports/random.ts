/** The door to chance. Real: cryptographic; simulated: from the seed. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  float(): number;
}
