import type { Service } from "../model/objects.ts";

/** Services by name, each a link to its view. */
export function ServiceLinks({ services }: { readonly services: readonly Service[] }) {
  return (
    <ul class="inline">
      {services.map(service => (
        <li key={service.ID}>
          <a href={`/services/${service.ID}`}>{service.Spec.Name}</a>
        </li>
      ))}
    </ul>
  );
}
