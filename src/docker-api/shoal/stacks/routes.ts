import { Type } from "typebox";
import { pastedFiles, readPasted } from "../../../compose/pasted.ts";
import { ProjectError } from "../../../compose/project-error.ts";
import { isStackName, Namespace } from "../../../compose/stack/namespace.ts";
import { planOf } from "../../../compose/stack/plan.ts";
import { ComposeError, type Notice } from "../../../compose/tree.ts";
import { type Answer, type Json, json } from "../../answer.ts";
import type { RouteContext } from "../../context.ts";
import { HttpError } from "../../errors.ts";
import { requireManager } from "../../manager.ts";
import type { Route } from "../../route.ts";
import { optionalBoolean, optionalString } from "../../schema.ts";
import { presentFor } from "./present.ts";

/** Characters of a Compose file: reading it holds up other requests. */
const longestFile = 512 * 1024;

const body = Type.Object({
  Name: Type.String(),
  Compose: Type.String({ maxLength: longestFile }),
  Variables: optionalString,
  Prune: optionalBoolean,
});

/**
 * `POST /shoal/stacks/plan` {Name, Compose, Variables, Prune}: what brings the stack to what a Compose file says, as calls of this
 * API in their order. Nothing is changed by it. 400 with "line N: …" where the file cannot be used.
 */
export const stackRoutes: readonly Route[] = [{ method: "POST", path: "/shoal/stacks/plan", handler: plan }];

async function plan(context: RouteContext): Promise<Answer> {
  requireManager(context.backend.status());
  const { Name, Compose: text, Variables: variables = "", Prune: prune = false } = await context.parse(body);
  if (!isStackName(Name))
    throw new HttpError(400, `"${Name}" is no name for a stack: letters, digits, "_", "." and "-"`);
  const namespace = new Namespace(Name);
  const notices: Notice[] = [];
  try {
    const project = readPasted({ text, variables, stack: Name, notice: notice => notices.push(notice) });
    const present = context.backend.view(tx => presentFor(namespace, tx));
    const steps = planOf(project, namespace, present, { files: pastedFiles({ text, variables }), prune });
    const Notices = notices.map(({ place, text: Text }) => ({ Line: place.line, Text }));
    return json({ Name, Notices, Steps: steps as readonly object[] as Json });
  } catch (error) {
    if (error instanceof ComposeError) throw new HttpError(400, `${placeOf(error)}${error.reason}`);
    if (error instanceof ProjectError) throw new HttpError(400, error.message);
    throw error;
  }
}

/** The one file has no name; the variables' lines are told apart. */
function placeOf({ place: { file, line } }: ComposeError): string {
  return file === "stdin" ? `line ${line}: ` : `variables, line ${line}: `;
}
