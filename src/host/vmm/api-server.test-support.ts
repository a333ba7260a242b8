/** An HTTP server on a Unix socket that answers as a monitor does: JSON or nothing, one connection kept open. */
import { createServer, type Server } from "node:http";

export interface Request {
  readonly method: string;
  readonly path: string;
  /** As it came; "" without one. */
  readonly body: string;
  readonly type: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Listens at `path`; resolves when it does. */
export async function serveApi(path: string, handle: (request: Request) => Answer): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    let body = "";
    incoming.setEncoding("utf8");
    incoming.on("data", (chunk: string) => {
      body += chunk;
    });
    incoming.on("end", () => {
      const request = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        body,
        type: incoming.headers["content-type"],
      };
      const answer = handle(request);
      const content = answer.body === undefined ? "" : JSON.stringify(answer.body);
      outgoing.writeHead(
        answer.status,
        content === "" ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(content) },
      );
      outgoing.end(content);
    });
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}
