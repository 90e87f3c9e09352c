// Loaded into the manager under test before it starts (node --import): tells its size, after a collection, to whoever asks.
process.on("message", () => {
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.send?.(process.memoryUsage());
  });
});
