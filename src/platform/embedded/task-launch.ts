import { writeFile } from "node:fs/promises";
import { namePort } from "../net/upstream.ts";
import { wrapped } from "./command-wrapping.ts";
import { secretsDirectory } from "./isolation.ts";
import type { Plan } from "./plan.ts";
import { launchOrder, partEnvironment } from "./shim.ts";
import type { TaskPaths } from "./task-paths.ts";
import type { TaskWorld } from "./task-world.ts";

/** Where the task's program starts. */
export function directoryOf(plan: Plan, paths: TaskPaths): string {
  return plan.directory || paths.work;
}

/**
 * Starts the supervisor of a task with everything its plan asks for; limits that cannot be set are logged. `ended` is told when it
 * has ended, or why it could not be started.
 */
export async function launchTask(
  world: TaskWorld,
  plan: Plan,
  paths: TaskPaths,
  ended: (reason: string) => void,
): Promise<void> {
  const { passed, behind } = partEnvironment(plan.env);
  const files = world.files.find(plan.taskId, plan);
  const mounted = world.isolation === "namespaces" ? files.secrets : undefined;
  if (files.secrets) passed.push(`SHOAL_SECRETS_DIR=${mounted ? secretsDirectory : files.secrets}`);
  if (files.configs) passed.push(`SHOAL_CONFIGS_DIR=${files.configs}`);
  const resolvConf = await nameServerOf(world, plan, paths, passed);
  const groups = await world.cgroups.create(plan.taskId, plan.limits);
  if (groups.missed.length > 0)
    world.log.warn("a task runs without some of its limits", { task: plan.taskId, limits: groups.missed });
  const order = launchOrder(world.shim, {
    paths,
    isolation: world.isolation,
    command: wrapped(plan, plan.command, behind),
    env: passed,
    directory: directoryOf(plan, paths),
    hostname: plan.hostname,
    secrets: mounted ?? "",
    cgroups: groups.join,
    oomScoreAdjust: plan.oomScoreAdjust,
    resolvConf,
  });
  world.launcher.launch(order, ended);
}

/** Tells the task where its names are answered. Returns the file that is to say so to its C library, or "". */
async function nameServerOf(
  { names, isolation }: TaskWorld,
  { nameAddress }: Plan,
  { resolvConf }: TaskPaths,
  env: string[],
): Promise<string> {
  if (nameAddress === undefined) return "";
  env.push(`SHOAL_NAMESERVER=${nameAddress}:${names.port}`);
  // The C library asks at port 53 alone.
  if (isolation !== "namespaces" || names.port !== namePort) return "";
  await writeFile(resolvConf, `nameserver ${nameAddress}\noptions ndots:0\n`, { mode: 0o644 });
  return resolvConf;
}
