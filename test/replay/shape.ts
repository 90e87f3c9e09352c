/** Members that differ from one swarm, moment or engine to the next. */
const volatile = [
  /(^|\.)(ID|Id|Index|Created|CreatedAt|UpdatedAt)$/,
  /^$/,
  // Of what runs and of the root certificate that comes the recordings show too little to bring about the same.
  /ServiceStatus\.(RunningTasks|CompletedTasks)$/,
  /TLSInfo\.CertIssuer(PublicKey|Subject)$/,
];

/** What differs between a recorded JSON value and ours: missing and extra keys, other types, other values. */
export function differences(recorded: unknown, ours: unknown, path = ""): string[] {
  const [was, is] = [typeOf(recorded), typeOf(ours)];
  if (was !== is) return [`${path || "body"}: ${was} became ${is}`];
  if (Array.isArray(recorded) && Array.isArray(ours)) return inLists(recorded, ours, path);
  if (!isObject(recorded) || !isObject(ours)) return inValues(recorded, ours, path);
  const found = Object.keys(recorded).flatMap(key => {
    const below = path === "" ? key : `${path}.${key}`;
    return Object.hasOwn(ours, key) ? differences(recorded[key], ours[key], below) : [`${below}: missing`];
  });
  const extra = Object.keys(ours).filter(key => !Object.hasOwn(recorded, key));
  return [...found, ...extra.map(key => `${path === "" ? key : `${path}.${key}`}: extra`)];
}

function inValues(recorded: unknown, ours: unknown, path: string): string[] {
  const same = recorded === ours || volatile.some(pattern => pattern.test(path));
  return same ? [] : [`${path}: ${JSON.stringify(recorded)} became ${JSON.stringify(ours)}`];
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Objects are paired by id, everything else by position. */
function inLists(recorded: readonly unknown[], ours: readonly unknown[], path: string): string[] {
  const below = `${path}[]`;
  const found = recorded.flatMap((entry, index) => {
    const id = idOf(entry);
    const other = id === undefined ? ours[index] : ours.find(candidate => idOf(candidate) === id);
    return other === undefined ? [`${below}: an element is missing`] : differences(entry, other, below);
  });
  const ids = new Set(recorded.map(idOf));
  const extra = ours.filter((entry, index) =>
    idOf(entry) === undefined ? index >= recorded.length : !ids.has(idOf(entry)),
  );
  return [...new Set([...found, ...extra.map(() => `${below}: an extra element`)])];
}

function idOf(value: unknown): unknown {
  return isObject(value) ? (value.ID ?? value.Id ?? value.NodeID) : undefined;
}

/** Texts with what differs from swarm to swarm taken out: ids, digests. */
export function normalText(text: string): string {
  return text.replace(/\b[0-9a-z]{25}\b/g, "ID").replace(/\b[0-9a-f]{64}\b/g, "DIGEST");
}
