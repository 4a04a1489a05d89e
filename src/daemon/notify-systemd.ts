import { spawn } from "node:child_process";

/**
 * Tells systemd about the service: one or more lines such as `READY=1`, `STATUS=…`, `STOPPING=1`. Without NOTIFY_SOCKET
 * nothing happens; a failure is nobody's concern. Node cannot write to a datagram socket, so systemd-notify does. It is
 * not waited for here, but waits itself until systemd has read the message: with --no-block it could be gone by then, and
 * systemd drops what it cannot attribute to a unit any more. The unit needs NotifyAccess=all.
 */
export function notifySystemd(state: string, env: Readonly<Record<string, string | undefined>>): void {
  const socket = env["NOTIFY_SOCKET"];
  const assignments = state.split("\n").filter((line) => line !== "");
  if (socket === undefined || socket === "" || assignments.length === 0) {
    return;
  }
  try {
    // Nothing of the environment but what it needs: it has no business with secrets.
    const child = spawn("systemd-notify", ["--", ...assignments], {
      env: { NOTIFY_SOCKET: socket, ...(env["PATH"] === undefined ? {} : { PATH: env["PATH"] }) },
      stdio: "ignore",
    });
    child.on("error", () => undefined);
    child.unref();
  } catch {
    // A state that no process can take as an argument.
  }
}
