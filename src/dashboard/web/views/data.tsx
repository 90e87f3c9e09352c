import { removeObject } from "../api.ts";
import { labelLines } from "../model/labels.ts";
import type { Data } from "../model/objects.ts";
import { Age } from "../parts/age.tsx";
import { Empty, Page } from "../parts/page.tsx";
import { RemoveButton } from "../parts/remove-button.tsx";
import { ServiceLinks } from "../parts/service-links.tsx";
import { Table } from "../parts/table.tsx";
import { useSwarm } from "../state.ts";
import { mayChange } from "../visitor.ts";

/** Secrets and configs: what there is and who uses it, never what is in it. */
export function SecretsView() {
  return (
    <Page title="Secrets & configs">
      <DataSection kind="secret" title="Secrets" />
      <DataSection kind="config" title="Configs" />
    </Page>
  );
}

function DataSection({ kind, title }: { readonly kind: "secret" | "config"; readonly title: string }) {
  const swarm = useSwarm(kind);
  const objects = [...swarm.all(kind)].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name));
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {objects.length === 0 ? (
        <Empty>There are none.</Empty>
      ) : (
        <Table name={title} heads={["Name", "Created", "Stack", "Labels", "Used by"]}>
          {objects.map(object => (
            <DataRow key={object.ID} kind={kind} object={object} />
          ))}
        </Table>
      )}
    </section>
  );
}

function DataRow({ kind, object }: { readonly kind: "secret" | "config"; readonly object: Data }) {
  const swarm = useSwarm("service");
  const { Name, Labels } = object.Spec;
  const stack = Labels?.["com.docker.stack.namespace"];
  const users = [...swarm.all("service")].filter(({ Spec: { TaskTemplate } }) =>
    kind === "secret"
      ? TaskTemplate.ContainerSpec?.Secrets?.some(secret => secret.SecretName === Name)
      : TaskTemplate.ContainerSpec?.Configs?.some(config => config.ConfigName === Name),
  );
  return (
    <tr>
      <th scope="row">{Name}</th>
      <td>
        <Age since={object.CreatedAt} isPast />
      </td>
      <td>{stack && <a href={`/stacks/${stack}`}>{stack}</a>}</td>
      <td>{labelLines(object.Spec.Labels).replaceAll("\n", ", ")}</td>
      <td class={users.length > 0 ? "" : "nowrap"}>
        {users.length > 0 ? <ServiceLinks services={users} /> : "nobody "}
        {users.length === 0 && mayChange() && (
          <RemoveButton
            what={`${kind} ${object.Spec.Name}`}
            says="No service uses it. What is in it is gone then: there is no way back."
            run={() => removeObject(`${kind}s`, object.ID)}
          />
        )}
      </td>
    </tr>
  );
}
