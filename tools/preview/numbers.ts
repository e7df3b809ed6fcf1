/** Numbers for people. Pure. */

const MONEY = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

export function dollars(amount: number): string {
  return `${MONEY.format(amount)} USD`;
}

export function signed(amount: number): string {
  const sign = amount < 0 ? "−" : amount > 0 ? "+" : "±";
  return `${sign}${dollars(Math.abs(amount))}`;
}

/** `90 s`, `30 min`, `2 h`: the largest unit that loses nothing. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "not promised";
  if (seconds > 0 && seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
