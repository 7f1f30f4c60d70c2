/** The model, asked from the page: inputs by name in, outputs by name out. */

export class Engine {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #pending = new Map();
  #count = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    });
    this.#worker.addEventListener("error", ({ message }) => {
      for (const { reject } of this.#pending.values()) reject(new Error(message));
      this.#pending.clear();
    });
  }

  /** Fetch and start the model that a `model.json` describes. */
  load({ runtime, network }) {
    const absolute = (file) => ({ ...file, url: new URL(file.url, document.baseURI).href });
    const [module, wasm] = [absolute(runtime.module), absolute(runtime.wasm)];
    return this.#ask("load", { runtime: { module, wasm }, network: absolute(network) });
  }

  /** The outputs by name, `{data, dims}`, for inputs `{type, data, dims}` by name. */
  run(feeds) {
    return this.#ask("run", feeds);
  }

  #ask(method, argument) {
    const id = this.#count++;
    this.#worker.postMessage({ id, method, argument });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }
}

/** A function that runs `task` at once, or once more after the run in progress: the latest wins.
 *
 * `failed` is called with the error of a run.
 */
export function latest(task, failed) {
  let running = null;
  let again = false;
  const loop = async () => {
    try {
      do {
        again = false;
        await task();
      } while (again);
    } catch (error) {
      failed(error);
    } finally {
      running = null;
    }
  };
  return () => {
    again = true;
    running ??= loop();
    return running;
  };
}
