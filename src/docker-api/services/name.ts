import { createHash } from "node:crypto";

const manners = [
  "agile able bold brave brisk bright calm candid cheery clever cosy deft eager early fair fleet fond frank free fresh",
  "gentle glad golden grand handy happy hardy honest jolly keen kind lively loyal lucky mellow merry mighty modest neat",
  "noble patient placid plucky polite proud quick quiet rapid sharp silver sleek smart spry steady sunny swift tidy warm",
]
  .join(" ")
  .split(" ");

const fishes = [
  "anchovy barbel bass bream brill burbot carp catfish char chub cod dab dace dory eel flounder garfish goby grayling",
  "grouper gudgeon gurnard haddock hake halibut herring ide lamprey ling loach mackerel marlin minnow mullet perch pike",
  "plaice pollock roach ruffe salmon sardine smelt sole sprat sturgeon tarpon tench trout tuna turbot wrasse zander",
]
  .join(" ")
  .split(" ");

/**
 * A name for a service whose creator gave none. Taken from what came and when, so that a replay gives the same; where
 * it is taken already the next `attempt` gives another one.
 */
export function serviceName(body: Uint8Array, nowMs: number, attempt: number): string {
  const hash = createHash("sha256").update(body).update(`${nowMs}/${attempt}`).digest();
  const manner = manners[hash.readUInt32BE(0) % manners.length];
  return `${manner}_${fishes[hash.readUInt32BE(4) % fishes.length]}`;
}
