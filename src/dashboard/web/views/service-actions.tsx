import { removeObject, updateService } from "../api.ts";
import { labelLines, labelsFrom } from "../model/labels.ts";
import type { Service, ServiceSpec } from "../model/objects.ts";
import { imageOf } from "../model/service.ts";
import { plural } from "../model/text.ts";
import { ask } from "../parts/confirm.tsx";
import { RemoveButton } from "../parts/remove-button.tsx";
import { go } from "../router.ts";

/** What operators can do with a service; each says first what will happen. */
export function ServiceActions({ service }: { readonly service: Service }) {
  const { ID: id, Spec } = service;
  const replicas = Spec.Mode.Replicated?.Replicas;
  return (
    <>
      {replicas !== undefined && (
        <button type="button" onClick={() => askScale(service, replicas)}>
          Scale
        </button>
      )}
      <button type="button" onClick={() => askImage(service)}>
        Change image
      </button>
      <button type="button" onClick={() => askEnvironment(service)}>
        Environment
      </button>
      <button type="button" onClick={() => askLabels(service)}>
        Labels
      </button>
      <button type="button" onClick={() => askRestart(service)}>
        Restart
      </button>
      {service.PreviousSpec && (
        <button type="button" onClick={() => askRollback(service)}>
          Roll back
        </button>
      )}
      <RemoveButton
        what={Spec.Name}
        says="All its tasks are stopped and it is gone from the swarm. There is no way back."
        run={async () => {
          await removeObject("services", id);
          go("/services");
        }}
      />
    </>
  );
}

function askScale({ ID, Spec }: Service, replicas: number): void {
  ask({
    title: `Scale ${Spec.Name}`,
    says: `It has ${plural(replicas, "replica")}. Tasks are started or stopped until there are as many as you say.`,
    ...{ verb: "Scale", isDangerous: false },
    field: { label: "Replicas", type: "number", value: String(replicas) },
    run: value =>
      updateService(ID, spec => ({
        ...spec,
        Mode: { Replicated: { ...spec.Mode.Replicated, Replicas: Number(value) } },
      })),
  });
}

function withTask(spec: ServiceSpec, change: Partial<ServiceSpec["TaskTemplate"]>): ServiceSpec {
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ...change } };
}

function askImage(service: Service): void {
  ask({
    title: `Change the image of ${service.Spec.Name}`,
    says: "Its tasks are replaced one after the other, as its update settings say.",
    ...{ verb: "Update", isDangerous: false },
    field: { label: "Image", type: "text", value: imageOf(service) },
    run: Image =>
      updateService(service.ID, spec =>
        withTask(spec, { ContainerSpec: { ...spec.TaskTemplate.ContainerSpec, Image } }),
      ),
  });
}

function askRestart({ ID, Spec }: Service): void {
  ask({
    title: `Restart ${Spec.Name}?`,
    says: "Every task is replaced by one just like it, as its update settings say.",
    ...{ verb: "Restart", isDangerous: false },
    run: () => updateService(ID, spec => withTask(spec, { ForceUpdate: (spec.TaskTemplate.ForceUpdate ?? 0) + 1 })),
  });
}

function askRollback({ ID, Spec }: Service): void {
  ask({
    title: `Roll ${Spec.Name} back?`,
    says: "It becomes what it was before its last change; its tasks are replaced where they differ.",
    ...{ verb: "Roll back", isDangerous: false },
    run: () => updateService(ID, spec => spec, true),
  });
}

function askEnvironment(service: Service): void {
  const { Env = [] } = service.Spec.TaskTemplate.ContainerSpec ?? {};
  ask({
    title: `Environment of ${service.Spec.Name}`,
    says: "Its tasks are replaced one after the other, as its update settings say. Secrets belong elsewhere: all who may look see these.",
    ...{ verb: "Update", isDangerous: false },
    field: { label: "One NAME=VALUE a line", type: "lines", value: Env.join("\n") },
    run: text =>
      updateService(service.ID, spec => {
        const lines = text.split("\n").filter(line => line.trim() !== "");
        return withTask(spec, { ContainerSpec: { ...spec.TaskTemplate.ContainerSpec, Env: lines } });
      }),
  });
}

function askLabels({ ID, Spec }: Service): void {
  ask({
    title: `Labels of ${Spec.Name}`,
    says: "Tools find the service by them. No task is replaced.",
    ...{ verb: "Change", isDangerous: false },
    field: { label: "One KEY=VALUE a line", type: "lines", value: labelLines(Spec.Labels) },
    run: text => updateService(ID, spec => ({ ...spec, Labels: labelsFrom(text, spec.Labels) })),
  });
}
