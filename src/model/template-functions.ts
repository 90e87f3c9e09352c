import { type TemplateFunction, text } from "../lib/go-template/functions.ts";

/** What SwarmKit adds to Go's functions in every template: `join SEPARATOR TEXT…`. */
export const commonFunctions: Readonly<Record<string, TemplateFunction>> = {
  join: (separator, ...parts) => parts.map(part => text(part, "join")).join(text(separator, "join")),
};

/** The name that SwarmKit's messages give a template. */
export const templateName = "expansion";
