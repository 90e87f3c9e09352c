import { Argument, type Command } from "commander";
import { print } from "./output.ts";

type Shell = "bash" | "zsh" | "fish";

/** A command's words, and what can follow them. */
interface Completion {
  /** The words up to here, with spaces between; "" for the program itself. */
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly { readonly name: string; readonly description: string }[];
  /** The command that lists the names its argument can have. */
  readonly names: string | undefined;
}

/** What lists the names of what an argument is called. */
const listers: Readonly<Record<string, string>> = {
  service: "service ls --format {{.Name}}",
  "service|task": "service ls --format {{.Name}}",
  node: "node ls --format {{.Hostname}}",
  stack: "stack ls --format {{.Name}}",
  secret: "secret ls --format {{.Name}}",
  config: "config ls --format {{.Name}}",
  network: "network ls --format {{.Name}}",
};

/** `shoal completion bash|zsh|fish`: a script for the shell to read. */
export function completionCommand(program: Command): void {
  program
    .command("completion")
    .description('Completion for a shell: eval "$(shoal completion bash)"')
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .action((shell: Shell) => print(completionScript(program, shell)));
}

export function completionScript(program: Command, shell: Shell): string {
  const all = completionsOf(program, []);
  switch (shell) {
    case "bash":
      return bashScript(all);
    case "zsh":
      // zsh reads bash's own.
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(all)}`;
    case "fish":
      return fishScript(all);
    default:
      return shell satisfies never;
  }
}

function completionsOf(command: Command, words: readonly string[]): Completion[] {
  const commands = command.commands.map(one => ({ name: one.name(), description: one.description() }));
  const flags = command.options.flatMap(({ long, description, hidden }) =>
    long && !hidden ? [{ name: long, description }] : [],
  );
  const [argument] = command.registeredArguments;
  const names = argument && listers[argument.name()];
  const own = { words: words.join(" "), commands, flags: [...flags, { name: "--help", description: "" }], names };
  return [own, ...command.commands.flatMap(one => completionsOf(one, [...words, one.name()]))];
}

function bashScript(all: readonly Completion[]): string {
  const cases = all.map(({ words, commands, flags, names }) => {
    const list = [...commands.map(({ name }) => name), ...flags.map(({ name }) => name)].join(" ");
    const dynamic = names ? `; names="$(shoal ${host} ${names.replace(/\{\{.*\}\}/, "'$&'")} 2>/dev/null)"` : "";
    return `    "${words}") words="${list}"${dynamic} ;;`;
  });
  return `_shoal() {
  local words="" names="" path="" i host=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -H|--host) host="\${COMP_WORDS[i+1]}"; ((i++)) ;;
      -*) ;;
      *) case " ${all.map(({ words }) => words.replaceAll(" ", "/")).join(" ")} " in
           *" \${path:+$path/}\${COMP_WORDS[i]} "*) path="\${path:+$path/}\${COMP_WORDS[i]}" ;;
         esac ;;
    esac
  done
  case "\${path//\\// }" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words $names" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _shoal shoal`;
}

/** The daemon that the line so far is for. */
const host = `\${host:+-H "$host"}`;

function fishScript(all: readonly Completion[]): string {
  const lines = all.flatMap(({ words, commands, flags, names }) => {
    const seen = words
      .split(" ")
      .filter(Boolean)
      .map(word => `__fish_seen_subcommand_from ${word}`);
    const inner = commands.map(({ name }) => name).join(" ");
    const none = inner ? [`not __fish_seen_subcommand_from ${inner}`] : [];
    const when = [...seen, ...none].join("; and ") || "true";
    const complete = `complete -c shoal -n '${when}'`;
    return [
      ...commands.map(({ name, description }) => `${complete} -f -a ${name} -d ${quoted(description)}`),
      ...flags.map(({ name, description }) => `${complete} -l ${name.slice(2)} -d ${quoted(description)}`),
      ...(names ? [`${complete} -f -a "(shoal ${names.replace(/\{\{.*\}\}/, "'$&'")} 2>/dev/null)"`] : []),
    ];
  });
  return lines.join("\n");
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
