import type { TestAnswer } from "../../src/docker-api/api.test-kit.ts";
import { pathOf } from "./observation.ts";
import { differences, normalText } from "./shape.ts";
import type { Exchange } from "./transcript.ts";

/** What differs between Docker's answer and ours, in words; empty when they are alike. */
export function verdict(exchange: Exchange, ours: TestAnswer): string[] {
  if (ours.status !== exchange.status)
    return [`status: ${exchange.status} became ${ours.status} ${normalText(ours.text.trim())}`];
  return [...headerDifferences(exchange, ours), ...bodyDifferences(exchange, ours)];
}

function headerDifferences(exchange: Exchange, ours: TestAnswer): string[] {
  const type = ours.headers["content-type"] ?? "";
  const missing = Object.keys(exchange.answerHeaders).filter(name => ours.headers[name] === undefined);
  return [
    ...(type === exchange.contentType ? [] : [`Content-Type: "${exchange.contentType}" became "${type}"`]),
    ...missing.map(name => `header ${name}: missing`),
  ];
}

function bodyDifferences({ answer, status, url, method }: Exchange, ours: TestAnswer): string[] {
  if (answer === undefined || method === "HEAD" || url.includes("/logs?")) return [];
  if (answer === "") return ours.text === "" ? [] : [`body: nothing became ${ours.text.trim()}`];
  if (status >= 400) {
    const [was, is] = [normalText(messageOf(answer)), normalText(messageOf(ours.text))];
    return was === is ? [] : [`message: "${was}" became "${is}"`];
  }
  return [...new Set(differences(JSON.parse(answer), ours.json))];
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text.trim();
  }
}

/** Method and path without version, ids and query values, for the list of differences. */
export function titleOf(exchange: Exchange): string {
  return `${exchange.method} ${pathOf(exchange).replace(/\/[0-9a-z]{25}\b/g, "/ID")}`;
}
