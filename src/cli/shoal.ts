import { report } from "./failure.ts";
import { newProgram } from "./program.ts";

// Whoever reads this may have seen enough: `shoal events | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await newProgram().parseAsync();
} catch (error) {
  report(error);
}
