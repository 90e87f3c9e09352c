import type { Snapshot, TaskLine } from "./snapshot.ts";

/** Task lines shown at a time in a redrawn table. */
const shownTasks = 12;
const barWidth = 20;

/** The table that is drawn over and over while tasks come up. */
export function progressTable({ nodes, services, tasks }: Snapshot): string[] {
  const ready = nodes.filter(node => node.state === "ready").length;
  const wanted = tasks.filter(task => task.wanted);
  const lines = [
    `nodes     ${ready} of ${nodes.length} ready: ${nodes.map(node => node.name).join(", ")}`,
    ...services.map(
      ({ name, image, running, desired }) =>
        `${name.padEnd(9)} ${bar(running, desired)} ${`${running}/${desired}`.padEnd(6)} ${shortImage(image)}`,
    ),
    ...wanted.slice(0, shownTasks).map(task => `  ${taskText(task)}`),
  ];
  if (wanted.length > shownTasks) lines.push(`  and ${wanted.length - shownTasks} more`);
  return lines;
}

function bar(done: number, all: number): string {
  const full = all === 0 ? barWidth : Math.round((Math.min(done, all) / all) * barWidth);
  return `[${"#".repeat(full)}${" ".repeat(barWidth - full)}]`;
}

function taskText({ name, node, state, reason }: TaskLine): string {
  return `${name.padEnd(12)} ${state.padEnd(10)} ${node.padEnd(10)} ${reason}`.trimEnd();
}

/** Clients pin images by digest; nobody reads those. */
function shortImage(image: string): string {
  return image.replace(/@sha256:.*$/, "");
}

/** What has happened between two looks, a line each. */
export function changes(before: Snapshot | undefined, now: Snapshot): string[] {
  const tasksBefore = new Map(before?.tasks.map(task => [task.id, task]));
  const nodesBefore = new Map(before?.nodes.map(node => [node.name, node.state]));
  const nodes = now.nodes
    .filter(node => nodesBefore.get(node.name) !== node.state)
    .map(node => `node ${node.name} is ${node.state}`);
  const tasks = now.tasks.filter(task => isNews(tasksBefore.get(task.id), task)).map(happened);
  return [...nodes, ...tasks];
}

/** States on the way up pass too quickly to be worth a line each. */
const told = new Set(["running", "complete", "shutdown", "failed", "rejected", "orphaned"]);

function isNews(before: TaskLine | undefined, now: TaskLine): boolean {
  if (before?.state === now.state && before.reason === now.reason) return false;
  return told.has(now.state) || now.reason !== "";
}

function happened({ name, node, state, reason }: TaskLine): string {
  const where = node === "" ? "" : ` on ${node}`;
  return `${name} ${state}${where}${reason === "" ? "" : `: ${reason}`}`;
}
