import type { Task } from "../model/task.ts";
import type { Program } from "./runtime.contract.test-kit.ts";
import type { Instance, Runtime } from "./runtime.ts";

/** The runtime that is tried, and how tasks come to be in it. */
export interface RuntimeWorld {
  runtime(): Runtime;
  taskFor(program: Program): Task;
  prepare(task: Task): Promise<Instance>;
  started(task: Task): Promise<Instance>;
  /** Resolves when the task has ended. */
  ended(task: Task, from: Instance): Promise<unknown>;
  until<T>(work: Promise<T>): Promise<T>;
}
