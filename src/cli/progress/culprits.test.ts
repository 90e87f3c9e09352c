import { expect, it } from "vitest";
import type { TaskView } from "../types.ts";
import { serviceView, task } from "../views.test-kit.ts";
import { Culprits } from "./culprits.ts";

const status = (State: string, Message: string) => serviceView({}, { UpdateStatus: { State, Message } });

/** Remembers what it was asked for; knows one task. */
function apiWith(known: TaskView) {
  const asked: string[] = [];
  const find = async <T>(path: string): Promise<T | undefined> => {
    asked.push(path);
    return path === `/tasks/${known.ID}` ? (known as T) : undefined;
  };
  return { asked, find };
}

it("knows what made an update stop, also once that is rolled back", async () => {
  const failed = task({ state: "failed", error: "task: non-zero exit (1)" });
  const api = apiWith(failed);
  const culprits = new Culprits(api);
  const started = status(
    "rollback_started",
    `update rolled back due to failure or early termination of task ${failed.ID}`,
  );
  const looks = [status("updating", "update in progress"), started, started, status("rollback_completed", "done")];
  for (const one of looks) await culprits.lookAt(one);
  expect(culprits.errorOf(started)).toBe("task: non-zero exit (1)");
  expect(api.asked).toEqual([`/tasks/${failed.ID}`]);
});

it("has nothing to say of tasks that are gone, and of services whose updates did not fail", async () => {
  const culprits = new Culprits(apiWith(task()));
  const gone = status("paused", "update paused due to failure or early termination of task gone");
  await culprits.lookAt(gone);
  expect(culprits.errorOf(gone)).toBe("");
  expect(culprits.errorOf({ ...gone, ID: "other" })).toBe("");
});
