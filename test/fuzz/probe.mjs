// Loaded into the manager under test before it starts (node --import): tells its size, after a collection, to whoever asks.
process.on("message", () => {
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.send?.(process.memoryUsage());
  });
});

// Whoever fuzzes has ended, by its own hand or another's.
process.on("disconnect", () => process.exit(1));
