import { render } from "preact";
import { useEffect } from "preact/hooks";
import { logIn, type Visitor, whoAmI } from "./api.ts";
import { followSwarm } from "./live.ts";
import { LogIn } from "./views/login.tsx";
import { Shell } from "./views/shell.tsx";
import { visitor } from "./visitor.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/views.css";
import "./theme.ts";

function App() {
  if (visitor.value === "unknown") return null;
  return visitor.value ? <Swarm /> : <LogIn />;
}

function Swarm() {
  useEffect(followSwarm, []);
  return <Shell />;
}

/** A link may bring its token, behind the `#`, which browsers send to nobody. It does not stay in the address. */
async function logInByLink(): Promise<Visitor | undefined> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return undefined;
  history.replaceState(null, "", location.pathname);
  return logIn(token).catch(() => undefined);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
visitor.value = (await logInByLink()) ?? (await whoAmI().catch(() => undefined));
