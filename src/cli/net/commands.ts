import type { Command } from "commander";
import type { Api } from "../api.ts";
import { print, printJson } from "../output.ts";
import { type ExaminationView, isWrong, reportOf } from "./examination.ts";

interface DoctorOptions {
  readonly repair?: boolean;
  readonly node?: string;
  readonly json?: boolean;
}

/** `shoal net …`: what Swarm never had. */
export function netCommands(program: Command, api: () => Api): void {
  const net = program.command("net").description("Look after the swarm's networks as they are on the nodes");
  net
    .command("doctor")
    .description(
      "Compare every node's networks with what they ought to be, try the ways between the nodes, and say what is wrong",
    )
    .option("--repair", "put right what is wrong")
    .option("--node <node>", "look at this node alone")
    .option("--json", "the same as JSON")
    .action(async ({ repair = false, node, json }: DoctorOptions) => {
      const request = { Repair: repair, ...(node === undefined ? {} : { Node: node }) };
      const examination = await api().post<ExaminationView>("/shoal/net/doctor", request);
      if (json) printJson(examination);
      else print(reportOf(examination));
      if (isWrong(examination)) process.exitCode = 1;
    });
}
