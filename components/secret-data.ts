/**
 * Secret values: made once, put into the cluster, and reduced to the checksums that roll pods when
 * they change.
 */
import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { after, labelsOf } from "./component.ts";

/** Where a container finds a password. */
export interface PasswordPlace {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** 40 characters of base62 are 238 random bits, and need no quoting anywhere. */
export function randomPassword(
  name: string,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 40, special: false }, options).result;
}

/** The first has the plain name, so that nothing is drawn anew until something is rotated. */
export function ofGeneration(name: string, generation = 0): string {
  return generation === 0 ? name : `${name}-${generation}`;
}

/** For who takes two at a time: nobody is shut out between the one change and the other. */
export function rotatedPassword(
  name: string,
  generation: number | undefined,
  options: pulumi.CustomResourceOptions,
): { readonly current: pulumi.Output<string>; readonly former: pulumi.Output<string> | undefined } {
  const current = randomPassword(ofGeneration(name, generation), options);
  if (generation === undefined || generation === 0) return { current, former: undefined };
  return { current, former: randomPassword(ofGeneration(name, generation - 1), options) };
}

/** Values of a Secret's `data`: base64, and a secret in Pulumi's state whatever they were before. */
export function secretData(
  values: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Output<Record<string, string>> {
  return pulumi.secret(pulumi.output(values)).apply((known) => {
    const entries = Object.entries(known as Record<string, string>);
    return Object.fromEntries(
      entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
  });
}

/** A password in a Secret of its own, for the one container that needs it in clear. */
export function passwordSecret(
  name: string,
  namespace: string,
  program: string,
  options: pulumi.CustomResourceOptions,
): { readonly password: pulumi.Output<string>; readonly place: PasswordPlace } {
  const password = randomPassword(name, options);
  const key = "password";
  const secret = new k8s.core.v1.Secret(
    name,
    {
      metadata: { name, namespace, labels: labelsOf(program) },
      data: secretData({ [key]: password }),
    },
    options,
  );
  return { password, place: { name: after(secret, name), key } };
}

/**
 * A short digest of everything a program reads only at its start. In clear on purpose: the inputs
 * hold at least 128 random bits or are no secret, so the digest tells nothing.
 */
export function checksumOf(...values: readonly pulumi.Input<string>[]): pulumi.Output<string> {
  const digest = pulumi
    .all(values as pulumi.Input<string>[])
    .apply((known) =>
      createHash("sha256").update(JSON.stringify(known)).digest("hex").slice(0, 16),
    );
  return pulumi.unsecret(digest);
}
