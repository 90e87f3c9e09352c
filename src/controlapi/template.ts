import { invalidArgument } from "./parts.ts";

/** Names that start what a template can say; the rest of the language is judged when it is expanded. */
const roots = new Set(["Service", "Node", "Task"]);

/**
 * Refuses a text whose `{{…}}` cannot be expanded: an action that is not closed, or a field that there is not. `where`
 * goes before Go's text for it.
 */
export function checkTemplate(text: string, where: string): void {
  let line = 1;
  let rest = text;
  for (let open = rest.indexOf("{{"); open >= 0; open = rest.indexOf("{{")) {
    line += rest.slice(0, open).split("\n").length - 1;
    const close = rest.indexOf("}}", open);
    if (close < 0) throw invalidArgument(`${where}: template: expansion:${line}: unclosed action`);
    const action = rest.slice(open + 2, close);
    const field = /(?:^|[\s(|])\.([A-Za-z_]\w*)/.exec(withoutTexts(action))?.[1];
    if (field && !roots.has(field))
      throw invalidArgument(
        `${where}: template: expansion:${line}: executing "expansion" at <.${field}>: can't evaluate field ${field} in type template.Context`,
      );
    rest = rest.slice(close + 2);
  }
}

/** The action without the texts quoted in it: what they say is not looked at. */
function withoutTexts(action: string): string {
  return action.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""');
}
