const script = `
cat >/dev/null
pid=$(head -n 1 "$PIDFILE" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -CONT "$pid"
  kill -INT "$pid"
  for _ in $(seq 100); do kill -0 "$pid" || break; sleep 0.05; done
fi
rm -rf "$FOLDER"`;

/**
 * Stops the program named by the first line of `pidFile`, and removes `folder`, when this process ends, however it ends
 * (`bun test` ends without an exit event): then the keeper's standard input closes. The result does so now.
 */
export function keep(folder: string, pidFile: string): () => Promise<void> {
  const keeper = Bun.spawn(["sh", "-c", script], {
    env: { PATH: process.env["PATH"] ?? "", FOLDER: folder, PIDFILE: pidFile },
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  keeper.unref();
  return async () => {
    await keeper.stdin.end();
    await keeper.exited;
  };
}

/**
 * Reads what a program says until `isReady`, and goes on reading in the background, so that it never waits for a full
 * pipe; `hear` is given all of it. Rejects when it ends before.
 */
export async function saysReady(
  output: ReadableStream<Uint8Array>,
  isReady: (log: string) => boolean,
  hear: (text: string) => void = () => {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  let log = "";
  void (async () => {
    for await (const chunk of output) {
      const text = decoder.decode(chunk, { stream: true });
      hear(text);
      if (log.length < 20_000) log += text;
      if (isReady(log)) resolve();
    }
    reject(new Error(`it ended: ${log}`));
  })();
  await promise;
}
