/** The volume of a program that keeps something. Pure. */
import type { VolumeSettings } from "../components/stateful-program.ts";
import type { Settings } from "../config/schema.ts";

/** `storageClass`: another one than the site's own. */
export function volumeOf(
  { storage }: Settings,
  size: string,
  storageClass = storage.class,
): VolumeSettings {
  return { storage: size, storageClass, onDestroy: storage.onDestroy };
}
