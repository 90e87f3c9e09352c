import { stackOf } from "../model/service.ts";
import { useSwarm } from "../state.ts";
import { ServiceTable } from "./services.tsx";

/** The services of one stack, as they are now. */
export function StackServices({ stack }: { readonly stack: string }) {
  const swarm = useSwarm("service");
  const services = [...swarm.all("service")].filter(service => stackOf(service) === stack);
  return <ServiceTable name={`Services of ${stack}`} services={services} />;
}
