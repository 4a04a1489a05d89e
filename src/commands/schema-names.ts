/** The schemas that can be printed, by name; each is a file of the package's `schema` folder. */
export const schemaNames = ["policy", "config", "results"] as const;

export type SchemaName = (typeof schemaNames)[number];
