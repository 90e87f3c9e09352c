import { taskLogs } from "../logs/route.ts";
import type { Route } from "../route.ts";
import { inspectTask, listTasks } from "./list.ts";

export const taskRoutes: readonly Route[] = [
  { method: "GET", path: "/tasks", handler: listTasks },
  { method: "GET", path: "/tasks/:id", handler: inspectTask },
  { method: "GET", path: "/tasks/:id/logs", handler: taskLogs },
];
