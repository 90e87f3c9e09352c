import { logOut } from "../api.ts";
import { concerns } from "../concerns.ts";
import { plural } from "../model/text.ts";
import { ConfirmDialog } from "../parts/confirm.tsx";
import { Gone } from "../parts/gone.tsx";
import { followLinks, path } from "../router.ts";
import { generation, link, linkReason } from "../state.ts";
import { changeTheme, theme } from "../theme.ts";
import { door } from "../visitor.ts";
import { SecretsView } from "./data.tsx";
import { DeployView } from "./deploy.tsx";
import { EventsView } from "./events.tsx";
import { NetworkView } from "./network.tsx";
import { NetworksView } from "./networks.tsx";
import { NoLeader } from "./no-leader.tsx";
import { NodeView } from "./node.tsx";
import { NodesView } from "./nodes.tsx";
import { Overview } from "./overview.tsx";
import { ServiceView } from "./service.tsx";
import { ServicesView } from "./services.tsx";
import { StacksView, StackView } from "./stacks.tsx";

const views = [
  ["/", "Overview"],
  ["/services", "Services"],
  ["/stacks", "Stacks"],
  ["/nodes", "Nodes"],
  ["/networks", "Networks"],
  ["/data", "Secrets & configs"],
  ["/events", "Events"],
] as const;

/** The page around every view: where one can go, and whether what is shown is true now. */
export function Shell() {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: links are followed by the keyboard too, which makes clicks of it
    // biome-ignore lint/a11y/noStaticElementInteractions: it only listens to what links say
    <div class="shell" onClick={followLinks}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <nav aria-label="Views">
        <a class="brand" href="/">
          <img src="/shoal.svg" alt="" width="28" height="28" /> Shoal
        </a>
        <ul>
          {views.map(([to, name]) => (
            <li key={to}>
              <a href={to} aria-current={isHere(to) ? "page" : undefined}>
                {name}
                {to === "/" && <Alarm />}
              </a>
            </li>
          ))}
        </ul>
        <Visitor />
      </nav>
      <div class="content">
        <LinkBanner />
        {generation.value > 0 && <NoLeader />}
        <main id="main" tabIndex={-1}>
          {generation.value === 0 ? <Loading /> : <View />}
        </main>
      </div>
      <ConfirmDialog />
    </div>
  );
}

function isHere(to: string): boolean {
  return to === "/" ? path.value === "/" : path.value === to || path.value.startsWith(`${to}/`);
}

function View() {
  const [, view = "", id = ""] = path.value.split("/");
  switch (view) {
    case "":
      return <Overview />;
    case "services":
      return id ? <ServiceView key={id} id={id} /> : <ServicesView />;
    case "stacks":
      return id ? <StackView key={id} name={id} /> : <StacksView />;
    case "deploy":
      return <DeployView />;
    case "nodes":
      return id ? <NodeView key={id} id={id} /> : <NodesView />;
    case "networks":
      return id ? <NetworkView key={id} id={id} /> : <NetworksView />;
    case "data":
      return <SecretsView />;
    case "events":
      return <EventsView />;
    default:
      return <Gone title="There is no such view" to="/" name="the overview" />;
  }
}

function Loading() {
  return (
    <div class="loading" role="status">
      <p>Reading the swarm's state …</p>
      <div class="skeleton" />
      <div class="skeleton" />
      <div class="skeleton" />
    </div>
  );
}

/** How many things need attention, beside the view that lists them. */
function Alarm() {
  const count = concerns.value.length;
  if (count === 0) return null;
  return (
    <span class="badge" role="img" aria-label={`${plural(count, "thing")} to look at`}>
      {count}
    </span>
  );
}

function LinkBanner() {
  if (link.value !== "lost") return null;
  return (
    <div class="banner" role="alert">
      <strong>Not live.</strong> {linkReason.value || "The connection broke."}{" "}
      {generation.value > 0 && "What is shown is what was known last."} Trying again.
    </div>
  );
}

function Visitor() {
  if (door.value.at !== "inside") return null;
  const who = door.value.visitor;
  const leave = async (): Promise<void> => {
    await logOut();
    door.value = { at: "outside", wasInside: false };
  };
  return (
    <div class="visitor">
      <button type="button" onClick={changeTheme}>
        {theme.value === "dark" ? "Light" : "Dark"}
      </button>
      <button type="button" onClick={leave} title={`Logged in as ${who.name}`}>
        Log out
      </button>
      <p>
        {who.name}
        {who.role === "reader" && " · looks only"}
      </p>
    </div>
  );
}
