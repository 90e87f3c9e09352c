import { mkdirSync, readFileSync } from "node:fs";
import type { AuditRecord } from "../docker-api/audit-record.ts";
import { startDockerApi } from "../docker-api/server.ts";
import { Fault } from "../lib/fault.ts";
import { Node } from "../node/node.ts";
import { systemClock } from "../platform/clock.ts";
import { lockDataRoot } from "../platform/data-root-lock.ts";
import { processLogger } from "../platform/log.ts";
import { describeMachine } from "../platform/machine.ts";
import { Metrics } from "../platform/metrics/metrics.ts";
import { serveMetrics } from "../platform/metrics/server.ts";
import { RotatingFile } from "../platform/rotating-file.ts";
import type { Logger } from "../ports/log.ts";
import { noMeters } from "../ports/meters.ts";
import { type AuditFileConfig, readConfig } from "./config.ts";
import { openDashboard } from "./dashboard.ts";
import { realDoors } from "./doors.ts";
import { listeners } from "./listeners.ts";
import { chooseRuntime } from "./runtimes.ts";

/** How long a stop may take before the process ends anyway, milliseconds. Tasks go on either way. */
const stopLimitMs = 15_000;

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env, version);
  const log = processLogger(config.logLevel);
  mkdirSync(config.dataRoot, { recursive: true, mode: 0o711 });
  const lock = await lockDataRoot(config.dataRoot);

  const machine = {
    ...describeMachine(),
    version,
    runtimeKind: config.runtime,
    dataRoot: config.dataRoot,
    hostname: config.hostname,
  };
  const hosts = listeners(config);
  const figures = config.metricsAddr ? new Metrics() : undefined;
  const meters = figures?.meters ?? noMeters;
  const { engine, runtime, containerNetworks } = chooseRuntime(config, machine, log, meters);
  const file = config.audit && (await openAudit(config.audit, log));
  const audit = file && ((record: AuditRecord) => file.write(JSON.stringify(record)));
  const node = new Node({ doors: realDoors(log, runtime, meters, audit), directory: `${config.dataRoot}/swarm` });
  const metrics = config.metricsAddr ? await serveMetrics(config.metricsAddr, node, figures) : undefined;
  if (metrics) log.info("serving metrics", { address: metrics.address });
  await node.start();
  const api = await startDockerApi({
    ...{ backend: node, engine, containerNetworks, clock: systemClock, log, hosts, machine, meters },
    ...(audit ? { audit } : {}),
  });
  log.info("serving the Docker API", { addresses: api.addresses, runtime: config.runtime });
  const dashboard = await openDashboard(config, api);
  if (dashboard) log.info("serving the dashboard", { url: dashboard.url });

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info("stopping; tasks go on running", { signal });
    setTimeout(() => process.exit(1), stopLimitMs).unref();
    await dashboard?.close();
    await metrics?.close();
    await api.close();
    await node.stop();
    await file?.close();
    await lock.release();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
}

function openAudit(file: AuditFileConfig, log: Logger): Promise<RotatingFile> {
  const lossNote = (lost: number): string => JSON.stringify({ time: new Date().toISOString(), lost });
  return RotatingFile.open({ ...file, lossNote, clock: systemClock, log });
}

/** What whoever starts the daemon can put right: a wrong setting, or a file, directory or address that cannot be used. */
function isForTheOperator(error: unknown): error is Error {
  return error instanceof Fault || (error instanceof Error && "syscall" in error);
}

try {
  await main();
} catch (error) {
  if (!isForTheOperator(error)) throw error;
  process.stderr.write(`shoald: ${error.message}\n`);
  process.exit(1);
}
