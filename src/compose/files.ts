/** Where Compose files, env files and what they refer to are read from. */
export interface Files {
  /** A file's bytes; undefined when there is none. */
  read(path: string): Buffer | undefined;
}
