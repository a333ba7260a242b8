/**
 * The world beyond a test's network, a process of its own in a network namespace of its own: servers that tell which of
 * their addresses was reached, one that echoes, and a name server. Its names are its argument, as JSON.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { parseQuestion } from "../../src/host/network/dns.ts";
import { dnsMessage } from "../../src/host/network/test-support.ts";

const [names = "{}"] = process.argv.slice(2);
const zone = JSON.parse(names) as Record<string, string[]>;

createServer((socket) => {
  socket.on("error", () => {});
  socket.end(`${(socket.localAddress ?? "").replace(/^::ffff:/, "")}\n`);
}).listen(80, "::");
createServer((socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
}).listen(7, "::");

const server = createSocket("udp4");
server.on("message", (message, from) => {
  const question = parseQuestion(message);
  if (question === undefined) return;
  const { id, name, type } = question;
  const wanted = type === 28 ? /:/ : /^[\d.]+$/;
  const addresses = (zone[name] ?? []).filter((address) => wanted.test(address)).map((address) => ({ address }));
  const answer = dnsMessage({ id, name, type, response: true, addresses });
  if (zone[name] === undefined) answer[3] = (answer[3] ?? 0) | 3; // no such name
  server.send(answer, from.port, from.address);
});
server.bind(53, () => process.stdout.write("ready\n"));
