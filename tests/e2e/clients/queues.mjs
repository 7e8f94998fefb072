// fauxqs, an emulator of SQS and SNS from npm, on 127.0.0.1 alone (its own program listens on all addresses). The port
// is the argument, or 0 for a free one; a line of JSON says which.
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false, defaultRegion: "eu-central-1" });
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 0) });
console.log(JSON.stringify({ port: app.server.address().port }));
process.on("SIGTERM", () => process.exit(0));
