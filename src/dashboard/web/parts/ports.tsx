import type { Port } from "../model/objects.ts";

/** Published ports; those of TCP as links to this manager, which serves them like every node. */
export function PortList({ ports }: { readonly ports: readonly Port[] }) {
  const published = ports.filter(port => port.PublishedPort);
  return (
    <ul class="inline">
      {published.map(port => (
        <li key={`${port.Protocol} ${port.PublishedPort}`}>
          <PortText port={port} />
        </li>
      ))}
    </ul>
  );
}

function PortText({ port }: { readonly port: Port }) {
  const { Protocol = "tcp", PublishedPort, TargetPort, PublishMode } = port;
  const text = `${PublishedPort}→${TargetPort}${Protocol === "tcp" ? "" : `/${Protocol}`}`;
  if (Protocol !== "tcp" || PublishMode === "host") return <>{text}</>;
  return (
    <a href={`http://${location.hostname}:${PublishedPort}/`} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
}
