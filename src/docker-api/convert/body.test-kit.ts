import fc from "fast-check";

type Overrides = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const some = (...words: string[]) => fc.constantFrom(...words);
const label = fc.string({ maxLength: 8 }).filter(key => key !== "__proto__");

/** What the schema alone does not say: words of enums, and members that exclude or need each other. */
const bodies: Overrides = {
  "TaskTemplate.Runtime": some("", "container"),
  "Mounts.Type": some("", "bind", "volume", "tmpfs", "npipe", "cluster"),
  Propagation: some("", "rprivate", "private", "rshared", "shared", "rslave", "slave"),
  Consistency: some("", "default", "consistent", "cached", "delegated"),
  Condition: some("", "none", "on-failure", "any"),
  FailureAction: some("", "pause", "continue", "rollback"),
  Order: some("", "stop-first", "start-first"),
  Protocol: some("", "tcp", "udp", "sctp"),
  PublishMode: some("", "ingress", "host"),
  Isolation: some("", "default", "process", "hyperv"),
  Profile: fc.uint8Array({ maxLength: 9 }).map(bytes => Buffer.from(bytes).toString("base64")),
  "EndpointSpec.Mode": some("", "vip", "dnsrr"),
  "Seccomp.Mode": some("", "default", "unconfined", "custom"),
  "AppArmor.Mode": some("", "default", "disabled"),
  CredentialSpec: some("Config", "File", "Registry").chain(source =>
    fc.string({ minLength: 1 }).map(value => ({ [source]: value })),
  ),
  SwapBytes: fc.constant(undefined),
  MemorySwappiness: fc.integer({ min: -1, max: 100 }),
  MaxFailureRatio: fc.double({ min: 0, max: 1, noNaN: true }),
};

/** Groups of members of which exactly one is given. */
const choices: Readonly<Record<string, { readonly of: readonly string[]; readonly needed: boolean }>> = {
  Mode: { of: ["Replicated", "Global", "ReplicatedJob", "GlobalJob"], needed: false },
  Secrets: { of: ["File"], needed: true },
  Configs: { of: ["File", "Runtime"], needed: true },
  GenericResources: { of: ["NamedResourceSpec", "DiscreteResourceSpec"], needed: true },
};

/** Bodies that a JSON schema of ours and the rules above take, for property tests. */
export function bodyOf(schema: unknown, name = "", parent = ""): fc.Arbitrary<unknown> {
  const override = bodies[`${parent}.${name}`] ?? bodies[name];
  if (override) return override;
  const member = (key: string): unknown => Reflect.get(Object(schema), key);
  switch (member("type")) {
    case "string":
      return fc.string({ maxLength: 12 });
    case "boolean":
      return fc.boolean();
    case "number":
      return fc.double({ noNaN: true });
    case "integer":
      return integerOf(Number(member("minimum")), Number(member("maximum")));
    case "array":
      return fc.array(bodyOf(member("items"), name, parent), { maxLength: 3 });
    case "object":
      return member("properties") ? objectOf(Object(member("properties")), name) : dictionary;
    default:
      throw new Error(`no arbitrary for ${JSON.stringify(schema)}`);
  }
}

const dictionary = fc.dictionary(label, fc.string({ maxLength: 8 }), { maxKeys: 3 });

function integerOf(minimum: number, maximum: number): fc.Arbitrary<number> {
  const inside = (value: number) => Math.min(maximum, Math.max(minimum, value));
  const safe = { min: inside(-(2 ** 53 - 1)), max: inside(2 ** 53 - 1) };
  return fc.oneof(
    fc.constant(inside(0)),
    fc.integer({ min: inside(-9), max: inside(9) }),
    fc.maxSafeInteger().map(inside),
    fc.constantFrom(safe.min, safe.max),
  );
}

function objectOf(properties: Readonly<Record<string, unknown>>, name: string): fc.Arbitrary<unknown> {
  const members = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, bodyOf(value, key, name)]));
  const choice = choices[name];
  if (!choice) return fc.record(members, { requiredKeys: name === "" ? ["TaskTemplate"] : requiredOf(name) });
  const free = Object.fromEntries(Object.entries(members).filter(([key]) => !choice.of.includes(key)));
  const chosen = fc.constantFrom(...choice.of).chain(key => fc.record({ [key]: members[key] ?? fc.constant({}) }));
  const one = choice.needed ? chosen : fc.oneof(chosen, fc.constant({}));
  return fc.tuple(fc.record(free, { requiredKeys: [] }), one).map(([rest, picked]) => ({ ...rest, ...picked }));
}

function requiredOf(name: string): string[] {
  return name === "TaskTemplate" ? ["ContainerSpec"] : [];
}
