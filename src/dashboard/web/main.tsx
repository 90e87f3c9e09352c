import { render } from "preact";
import { useEffect } from "preact/hooks";
import { logIn } from "./api.ts";
import { followSwarm } from "./live.ts";
import { LogIn } from "./views/login.tsx";
import { NoSwarm } from "./views/no-swarm.tsx";
import { Shell } from "./views/shell.tsx";
import { door, knock } from "./visitor.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/views.css";
import "./styles/columns.css";
import "./styles/forms.css";
import "./styles/states.css";
import "uplot/dist/uPlot.min.css";
import "./styles/timeline.css";
import "./styles/usage.css";
import "./styles/long-lists.css";
import "./theme.ts";

function App() {
  const { at } = door.value;
  switch (at) {
    case "unknown":
      return null;
    case "inside":
      return <Swarm />;
    case "outside":
      return <LogIn />;
    case "obstacle":
    case "unreachable":
      return <NoSwarm />;
    default:
      return at satisfies never;
  }
}

function Swarm() {
  useEffect(followSwarm, []);
  return <Shell />;
}

/** A link may bring its token, behind the `#`, which browsers send to nobody. It does not stay in the address. */
async function logInByLink(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  await logIn(token).catch(() => undefined);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
await logInByLink();
await knock();
