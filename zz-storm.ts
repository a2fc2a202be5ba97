import { generate } from "./bench/load.ts";
import { spawn } from "bun";
const [dir, bin, prof] = process.argv.slice(2);
const cmd = bin === "src" ? ["bun", ...(prof ? ["--cpu-prof", "--cpu-prof-dir=" + prof] : []), "src/main.ts", "serve"] : [bin!, "serve"];
const p = spawn(cmd, { env: { ...process.env, HOST: "0.0.0.0", PORT: "0", LOG_FORMAT: "json", RATE_MESSAGES_PER_SECOND: "1000000", DATA_DIR: dir!, ROOM_MAX_MEMBERS: "10000" }, stdout: "pipe", stderr: "inherit" });
const reader = p.stdout.getReader(); let text = ""; let url = "";
while (!url) { const { value } = await reader.read(); text += new TextDecoder().decode(value); const m = /"url":"http:\/\/[^"]*:(\d+)/.exec(text); if (m) url = "http://127.0.0.1:" + m[1]; }
const cpu = async (pid: number) => { const f = (await Bun.file(`/proc/${pid}/stat`).text()).split(") ")[1]!.split(" "); return (Number(f[11]) + Number(f[12])) * 10; };
const before = await cpu(p.pid);
const storming = generate({ wire: "parley", url, seats: dir + "/seats.ndjson", kind: "storm", from: 300, clients: 10000, pids: [p.pid] });
const r: any = await storming.result();
const after = await cpu(p.pid);
console.log("all ready s", (r.ready.max / 1000).toFixed(2), "p50", (r.ready.p50 / 1000).toFixed(2), "server cpu ms (storm+gone)", after - before, "cores", r.peerCores);
p.kill("SIGTERM"); await p.exited; process.exit(0);
