import type { ServerResponse } from "node:http";

type WriteHead = ServerResponse["writeHead"];

/**
 * Runs `run` once, as soon as the status of the answer is known: Node has no event for that. Whoever writes the answer,
 * also the engine's, comes by `writeHead`: what is written without goes through it as well.
 */
export function onAnswerBeginning(response: ServerResponse, run: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = ((...head: unknown[]) => {
    response.writeHead = writeHead as WriteHead;
    writeHead(...head);
    run();
    return response;
  }) as WriteHead;
}
