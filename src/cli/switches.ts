import { type Command, Option } from "commander";

/**
 * Lets every flag that takes no value be written as Go's programs take it too: `--detach=false`, `--no-trunc=true`. An
 * optional value would not do: commander would take the next argument for it.
 */
export function withSwitches(command: Command): void {
  for (const option of [...command.options]) {
    if (option.required || option.optional || !option.long) continue;
    for (const value of [true, false]) {
      const written = new Option(`${option.long}=${value}`).hideHelp();
      command.addOption(written);
      command.on(`option:${written.name()}`, () =>
        command.setOptionValue(option.attributeName(), option.negate ? !value : value),
      );
    }
  }
  for (const one of command.commands) withSwitches(one);
}
