/** The kinds of key that may hold a scope: `organisation` (service), `service` and `user` of a workspace. */
export type ScopeHolder = "organisation" | "service" | "user";

// Portkey's documentation of key authorisation (2026-08): scopes by the kinds of key that may hold them. Braces expand.
const everyKind = [
  "agent_servers.{create,delete,list,read,update}",
  "analytics.view",
  "configs.{create,delete,list,read,update}",
  "guardrails.{create,delete,list,read,update}",
  "logs.{export,list,view}",
  "mcp_servers.{create,delete,list,read,update}",
  "organisation_agent_integrations.list",
  "organisation_integrations.list",
  "organisation_mcp_integrations.list",
  "policies.{create,delete,list,read,update}",
  "prompts.{create,delete,list,publish,read,update}",
  "providers.{create,delete,list,read,update}",
  "virtual_keys.{copy,create,delete,duplicate,list,read,update}",
  "workspace_agent_integrations.{create,delete,list,read,update}",
  "workspace_integrations.{create,delete,list,read,update}",
  "workspace_mcp_integrations.{create,delete,list,read,update}",
  "workspace_users.{create,delete,list,read,update}",
  "workspaces.{list,read,update}",
];

const workspaceKeys = [
  "agents.invoke",
  "completions.write",
  "guardrails.invoke",
  "logs.write",
  "mcp.invoke",
  "prompts.render",
];

const serviceKeys = [
  "workspace_service_api_keys.{create,delete,list,read,rotate,update}",
  "workspace_user_api_keys.{create,delete,list,read,rotate,update}",
];

const organisationKeys = [
  "audit_logs.list",
  "deployments.{create,delete,list,read,update}",
  "organisation_agent_integrations.{create,delete,read,update}",
  "organisation_exclusions.{list,update}",
  "organisation_guardrails.{create,delete,list,read,update}",
  "organisation_integrations.{create,delete,read,update}",
  "organisation_mcp_integrations.{create,delete,read,update}",
  "organisation_service_api_keys.{create,delete,list,read,rotate,update}",
  "organisation_settings.{read,update}",
  "organisation_users.{create,delete,list,read,update}",
  "plugins.{create,list,update}",
  "secret_references.{create,delete,list,read,update}",
  "workspaces.{create,delete}",
];

/**
 * Every scope that Portkey documents, with the kinds of key that may hold it. The set is open: new scopes come with
 * Portkey's releases, so a scope that is not here is worth a warning, never an error.
 */
export const knownScopes: ReadonlyMap<string, readonly ScopeHolder[]> = new Map(
  [
    ...held(everyKind, ["organisation", "service", "user"]),
    ...held(workspaceKeys, ["service", "user"]),
    ...held(serviceKeys, ["organisation", "service"]),
    ...held(organisationKeys, ["organisation"]),
  ].sort(([a], [b]) => (a < b ? -1 : 1)),
);

function held(
  patterns: readonly string[],
  holders: readonly ScopeHolder[],
): [string, readonly ScopeHolder[]][] {
  return patterns.flatMap(expand).map((scope) => [scope, holders]);
}

function expand(pattern: string): string[] {
  const [family, verbs] = pattern.split(".{");
  if (family === undefined || verbs === undefined) {
    return [pattern];
  }
  return verbs
    .slice(0, -1)
    .split(",")
    .map((verb) => `${family}.${verb}`);
}
