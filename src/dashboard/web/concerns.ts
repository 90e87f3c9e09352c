import { computed } from "@preact/signals";
import { concernsOf } from "./model/attention.ts";
import { now, useSwarm } from "./state.ts";

/** What needs attention: looked for once, however many parts of the page tell of it. */
export const concerns = computed(() => concernsOf(useSwarm("quorum", "service", "node", "task"), now.value));
