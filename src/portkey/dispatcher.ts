import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";

const proxyVariables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] as const;

/**
 * The connections: straight, or through the proxy that the environment names (NO_PROXY is honoured). `timeoutMs` is
 * the request's; connecting gets half of it at most, so that a server that cannot be reached is told apart from one
 * that does not answer.
 */
export function createDispatcher(
  env: NodeJS.ProcessEnv,
  limits: { readonly timeoutMs: number; readonly concurrency: number },
): Dispatcher {
  const options: Agent.Options = {
    connections: limits.concurrency,
    connect: { timeout: Math.min(10_000, Math.ceil(limits.timeoutMs / 2)) },
    // The client's own deadline covers both, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const isProxied = proxyVariables.some((name) => (env[name] ?? "") !== "");
  return isProxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}
