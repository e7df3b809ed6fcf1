import { MemoryStore } from "./memory-store.ts";
import { describeStackStore } from "./store.contract.ts";

describeStackStore("the memory store", async () => {
  const store = new MemoryStore();
  return { store, reopen: () => store };
});
