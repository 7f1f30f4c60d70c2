/** Runs the ONNX file in a thread of its own, so that the page answers while it computes. */

let session, ort;

/** A file whose hash is the one that the export wrote down; another one is refused. */
async function fetched({ url, integrity }) {
  const answer = await fetch(url, { integrity }).catch(() => null);
  if (!answer?.ok) {
    const problem = "is missing, or is not the file that was exported. Export the page again.";
    throw new Error(`${url} ${problem}`);
  }
  return answer.arrayBuffer();
}

async function load({ runtime, network }) {
  const files = [runtime.module, runtime.wasm, network];
  const [module, wasm, weights] = await Promise.all(files.map(fetched));
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  ort = await import(url);
  ort.env.wasm.wasmBinary = wasm;
  session = await ort.InferenceSession.create(new Uint8Array(weights));
}

async function run(feeds) {
  const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [
    name,
    new ort.Tensor(type, data, dims),
  ]);
  const made = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(made).map(([name, { data, dims }]) => [name, { data, dims: [...dims] }]),
  );
}

addEventListener("message", async ({ data: { id, method, argument } }) => {
  try {
    const answer = await { load, run }[method](argument);
    const outputs = Object.values(answer ?? {});
    postMessage({ id, answer }, { transfer: outputs.map(({ data }) => data.buffer) });
  } catch (error) {
    postMessage({ id, error: error.message ?? String(error) });
  }
});
