import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { AppError } from "../errors.ts";

/**
 * The connections: straight, or through the proxies that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in
 * either case). `timeoutMs` is the request's; connecting gets half of it (1 to 10 s), so that a server that cannot be
 * reached is told apart from one that does not answer. Throws an AppError for a proxy that is not a URL.
 */
export function createDispatcher(
  env: NodeJS.ProcessEnv,
  limits: { readonly timeoutMs: number; readonly concurrency: number },
): Dispatcher {
  const options: Agent.Options = {
    connections: limits.concurrency,
    connect: { timeout: Math.min(10_000, Math.max(1_000, limits.timeoutMs / 2)) },
    // The client's own deadline covers both, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const httpsProxy = readProxy(env, "HTTPS_PROXY");
  const httpProxy = readProxy(env, "HTTP_PROXY");
  if (httpsProxy === "" && httpProxy === "") return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, httpsProxy, httpProxy, noProxy: variable(env, "NO_PROXY") });
}

/** The value itself stays out of the message: it may hold the proxy's password. */
function readProxy(env: NodeJS.ProcessEnv, name: string): string {
  const text = variable(env, name);
  if (text === "" || /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : "")) return text;
  throw new AppError("CONFIG_INVALID", `${name} in the environment is not an http:// or https:// URL`, {
    hint: "It looks like http://proxy.example.com:8080.",
  });
}

function variable(env: NodeJS.ProcessEnv, name: string): string {
  return env[name.toLowerCase()] ?? env[name] ?? "";
}
