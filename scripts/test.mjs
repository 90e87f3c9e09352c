// npm test: installs what is missing, then runs every check and test. On Debian, as root, it installs the system packages
// that the tests against real containers need; elsewhere those tests say why they did not run.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, installPackages, root, run } from "./install.mjs";
import { environmentWith, otherVersion } from "./nodes.mjs";

/** Debian package → a program it brings. */
const systemPackages = {
  "docker.io": "dockerd",
  iproute2: "ip",
  "iputils-ping": "ping",
  iptables: "iptables",
  nftables: "nft",
  conntrack: "conntrack",
  "busybox-static": "busybox",
  chromium: "chromium",
  openssl: "openssl",
  "golang-cfssl": "cfssl",
  tcpdump: "tcpdump",
  "util-linux": "unshare",
  procps: "pkill",
  "wireguard-go": "wireguard-go",
  "wireguard-tools": "wg",
};

function has(program) {
  return ["/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"].some(path =>
    existsSync(join(path, program)),
  );
}

function installSystemPackages() {
  const missing = Object.keys(systemPackages).filter(name => !has(systemPackages[name]));
  const isDebian =
    existsSync("/etc/os-release") && /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
  if (missing.length === 0 || process.getuid?.() !== 0 || !isDebian) return;
  console.log(`Installing ${missing.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = { env, stdio: ["ignore", "ignore", "inherit"] };
  spawnSync("apt-get", ["update", "-qq"], quiet);
  const { status } = spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet);
  if (status !== 0) console.log("That failed; the tests that need them will say so.");
}

/** What runs on the other version of Node: all units, and what shows that a daemon works there. Simulations run only once. */
const onOther = ["src", "test/fuzz", "test/e2e/docker-cli", "test/e2e/managers.test", "--exclude", "src/sim/**"];

const tool = name => join(root, "node_modules", ".bin", name);
const filters = process.argv.slice(2);

installPackages();
installSystemPackages();
build();
if (filters.length === 0) {
  console.log("Checking style …");
  run(tool("biome"), ["check", "--error-on-warnings", "--log-level=warn", "."]);
  console.log("Checking types …");
  run(tool("tsc"), ["-p", "tsconfig.json"]);
  run(tool("tsc"), ["-p", join("src", "dashboard", "web")]);
  console.log("Checking that the generated code is what the .proto files say …");
  run(process.execPath, [join(root, "scripts", "check-generated.mjs")]);
  const version = otherVersion();
  console.log(`Testing the units and some more with Node ${version} …`);
  run(tool("vitest"), ["run", ...onOther], { env: environmentWith(version) });
  console.log(`Testing everything with Node ${process.versions.node} …`);
}
run(tool("vitest"), ["run", ...filters]);
