import { satisfiesPlatform } from "../../placement.ts";
import { type Filter, nodes } from "../filter.ts";

/** The image was built for the node's platform. */
export const platform: Filter = {
  ofNode: true,
  prepare({ spec: { placement } }) {
    return placement?.platforms.length ? ({ node }) => satisfiesPlatform(node, placement) : undefined;
  },
  explain: count => `unsupported platform on ${nodes(count)}`,
};
