import { schemaFaults } from "./check-layer.ts";
import { type Fault, type Layer, valueAt } from "./layer.ts";
import type { Reader } from "./readers.ts";

/** An option's value and the place that gave it. */
interface Found<T> {
  readonly value: T;
  readonly place: string;
}

interface Picker {
  /** The value of the first layer that has the option, or undefined. */
  readonly find: <T>(key: string, reader: Reader<T>) => Found<T> | undefined;
  /** The same for an option that has a default. */
  readonly need: <T>(key: string, reader: Reader<T>) => T;
  /** Adds what the schema has against the layers beyond what the readers said. Call it last. */
  readonly finish: () => void;
}

/**
 * Reads options out of layers, the strongest first. A value that is overridden is read as well, so that what is wrong
 * is told wherever it stands; while there are faults, `need` answers with what a weaker layer says.
 */
export function createPicker(layers: readonly Layer[], cwd: string, faults: Fault[]): Picker {
  const told = new Map<Layer, Set<string>>(layers.map((layer) => [layer, new Set()]));

  function find<T>(key: string, reader: Reader<T>): Found<T> | undefined {
    const path = key.split(".");
    let first: Found<T> | undefined;
    for (const layer of layers) {
      const raw = valueAt(layer.document, path);
      if (raw === undefined) {
        continue;
      }
      const place = layer.place(path, "value");
      const reading = reader(raw, { cwd, base: layer.base });
      if ("fault" in reading) {
        faults.push({ place, message: `${key}: ${reading.fault}` });
        told.get(layer)?.add(key);
      } else {
        first ??= { value: reading.value, place };
      }
    }
    return first;
  }

  function need<T>(key: string, reader: Reader<T>): T {
    const found = find(key, reader);
    if (found === undefined) {
      throw new Error(`the schema gives ${key} no default that can be read`);
    }
    return found.value;
  }

  function finish(): void {
    for (const layer of layers) {
      faults.push(...schemaFaults(layer, told.get(layer) ?? new Set()));
    }
  }

  return { find, need, finish };
}
