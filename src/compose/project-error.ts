/** What is wrong with a Compose project, for whoever wrote it. */
export class ProjectError extends Error {
  override readonly name: string = "ProjectError";
}
