/** Labels by which Docker's own tools know a stack. */
export const namespaceLabel = "com.docker.stack.namespace";
/** The image as the file names it: what runs may be pinned to a digest. */
export const imageLabel = "com.docker.stack.image";

const form = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export function isStackName(name: string): boolean {
  return form.test(name);
}

/** A stack's name, which its parts' names begin with. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** The name in the swarm of a part of the file, unless the file gives it one of its own. */
  scoped(name: string, own?: string | undefined): string {
    return own ?? `${this.name}_${name}`;
  }

  labels(own: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { ...own, [namespaceLabel]: this.name };
  }

  /** For the API's lists: only this stack's. */
  get filter(): { label: readonly string[] } {
    return { label: [`${namespaceLabel}=${this.name}`] };
  }
}
