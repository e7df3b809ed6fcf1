/**
 * Does a figure grow over time? The slope of Theil and Sen: the median of the slopes between all
 * pairs of samples, which up to a quarter of wild samples cannot move. Pure.
 */
import { median } from "../measure.ts";

export interface Sample {
  readonly minute: number;
  readonly value: number;
}

/** Growth a minute; 0 where there are fewer than two moments. */
export function robustSlope(samples: readonly Sample[]): number {
  const slopes = samples.flatMap((one, index) =>
    samples.slice(index + 1).flatMap((other) => {
      const minutes = other.minute - one.minute;
      return minutes === 0 ? [] : [(other.value - one.value) / minutes];
    }),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}

const BARS = [..."▁▂▃▄▅▆▇█"];

/** One line: each column is the median of its share of the samples, between the least and the most. */
export function chart(values: readonly number[], columns: number): string {
  const width = Math.min(columns, values.length);
  const shares = Array.from({ length: width }, (_, column) =>
    median(
      values.slice(
        Math.floor((column * values.length) / width),
        Math.floor(((column + 1) * values.length) / width),
      ),
    ),
  );
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const step = (most - least) / (BARS.length - 1);
  return shares.map((value) => BARS[step === 0 ? 0 : Math.round((value - least) / step)]).join("");
}
