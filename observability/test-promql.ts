/**
 * Judges a PromQL expression against the catalogue, by Prometheus' own grammar: an unknown name or
 * label, the rate of a gauge, a counter that is compared, a quantile that lost `le`, two sides whose
 * labels can never match. It also says which labels a result carries.
 */
import { parser } from "@prometheus-io/lezer-promql";
import { type Metric, TARGET_LABELS } from "./catalogue/metric.ts";

type Node = ReturnType<typeof parser.parse>["topNode"];
/** `derived`: the result of a computation, which may go up and down like a gauge. */
type Type = "counter" | "gauge" | "bucket" | "derived";

export interface Shape {
  readonly kind: "scalar" | "string" | "vector" | "range";
  readonly type: Type;
  readonly labels: ReadonlySet<string>;
  /** Values were summed before: a rate of it would count every restart as a jump. */
  readonly summed: boolean;
  /** It went through a rate; buckets must, before a quantile is taken of them. */
  readonly rated: boolean;
}

export interface Verdict {
  readonly faults: readonly string[];
  readonly shape: Shape;
  /** Series names that were used. */
  readonly names: ReadonlySet<string>;
}

export type KnownSeries = ReadonlyMap<
  string,
  { readonly type: Type; readonly labels: ReadonlySet<string> }
>;

const SCALAR: Shape = shape("scalar", "derived", []);
const COUNTING = new Set(["rate", "irate", "increase", "resets"]);
const SLOPES = new Set(["delta", "idelta", "deriv", "predict_linear"]);
/** They ask whether and how often there was a sample, whatever it says. */
const PRESENCE = new Set(["count_over_time", "present_over_time", "last_over_time"]);
const PLAIN = new Set([
  "abs",
  "ceil",
  "floor",
  "round",
  "clamp_min",
  "clamp_max",
  "clamp",
  "sort",
  "sort_desc",
]);
const CLOCK = new Set(["hour", "day_of_week", "minute", "month"]);
const SETS = new Set(["And", "Or", "Unless"]);
const COMPARISONS = new Set(["Eql", "Eqlc", "EqlC", "Neq", "Gtr", "Lss", "Gte", "Lte"]);

/** The series that metrics become on the wire; `_bucket`, `_sum` and `_count` of histograms. */
function seriesOf(catalogue: readonly Metric[]): KnownSeries {
  const everywhere = Object.values(TARGET_LABELS).flat();
  const known = new Map<string, { type: Type; labels: Set<string> }>();
  for (const { name, type, labels, component } of catalogue) {
    const own = new Set([
      ...labels,
      ...(/^(up|scrape_.*)$/.test(name) ? everywhere : TARGET_LABELS[component]),
    ]);
    if (type === "histogram" || type === "summary") {
      if (type === "histogram") {
        known.set(`${name}_bucket`, { type: "bucket", labels: new Set([...own, "le"]) });
      } else {
        known.set(name, { type: "gauge", labels: new Set([...own, "quantile"]) });
      }
      for (const part of ["sum", "count"]) {
        known.set(`${name}_${part}`, { type: "counter", labels: own });
      }
    } else {
      known.set(name, { type: type === "counter" ? "counter" : "gauge", labels: own });
    }
  }
  return known;
}

/** What rules record is a series like any other, for those that come after. */
export function withRecorded(
  catalogue: readonly Metric[],
  groups: readonly { readonly rules: readonly (object | { record: string; expr: string })[] }[],
): KnownSeries {
  const known = new Map(seriesOf(catalogue));
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    if (!("record" in rule)) continue;
    const { type, labels } = judgePromql(rule.expr, known).shape;
    known.set(rule.record, { type: /_bucket$/.test(rule.record) ? "bucket" : type, labels });
  }
  return known;
}

export function judgePromql(expression: string, known: KnownSeries): Verdict {
  const faults: string[] = [];
  const names = new Set<string>();
  const tree = parser.parse(expression);
  let broken = false;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) broken = true;
    },
  });
  if (broken || tree.topNode.firstChild === null) {
    return { faults: ["is no PromQL"], shape: SCALAR, names };
  }
  const judge = new Judge(expression, known, faults, names);
  return { shape: judge.shapeOf(tree.topNode.firstChild), faults, names };
}

class Judge {
  readonly #text: string;
  readonly #known: KnownSeries;
  readonly #faults: string[];
  readonly #names: Set<string>;

  constructor(text: string, known: KnownSeries, faults: string[], names: Set<string>) {
    this.#text = text;
    this.#known = known;
    this.#faults = faults;
    this.#names = names;
  }

  shapeOf(node: Node): Shape {
    switch (node.name) {
      case "VectorSelector":
        return this.#selector(node);
      case "MatrixSelector":
      case "SubqueryExpr":
        return { ...this.#inner(node), kind: "range" };
      case "OffsetExpr":
      case "ParenExpr":
      case "StepInvariantExpr":
        return this.#inner(node);
      case "UnaryExpr":
        return { ...this.#inner(node), type: "derived" };
      case "BinaryExpr":
        return this.#binary(node);
      case "AggregateExpr":
        return this.#aggregate(node);
      case "FunctionCall":
        return this.#call(node);
      case "NumberDurationLiteral":
        return SCALAR;
      case "StringLiteral":
        return shape("string", "derived", []);
      default:
        return this.#fault(`${this.#of(node)}: ${node.name} is not known to this check`);
    }
  }

  #inner(node: Node): Shape {
    const inner = children(node).find(isExpression);
    return inner === undefined
      ? this.#fault(`${this.#of(node)} holds nothing`)
      : this.shapeOf(inner);
  }

  #selector(node: Node): Shape {
    const identifier = node.getChild("Identifier");
    if (identifier === null) return this.#fault(`${this.#of(node)} names no metric`);
    const name = this.#of(identifier);
    this.#names.add(name);
    const found = this.#known.get(name);
    if (found === undefined) return this.#fault(`${name} is no metric of the catalogue`);
    const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
    for (const matcher of matchers) {
      this.#has(found.labels, matcher.getChild("LabelName"), name);
    }
    return shape("vector", found.type, found.labels);
  }

  #aggregate(node: Node): Shape {
    const body = node.getChild("FunctionCallBody");
    const inner = children(body)
      .filter(isExpression)
      .map((child) => this.shapeOf(child));
    const operand = inner.at(-1) ?? SCALAR;
    if (operand.kind !== "vector") this.#fault(`${this.#of(node)} sums up no vector`);
    const operation = this.#of(node.getChild("AggregateOp") ?? node);
    const modifier = node.getChild("AggregateModifier");
    const given = modifier?.getChild("GroupingLabels")?.getChildren("LabelName") ?? [];
    for (const label of given) this.#has(operand.labels, label, this.#of(node));
    if (operation === "topk" || operation === "bottomk") return operand;
    const counts = operation === "count" || operation === "group";
    const type = counts ? "derived" : operand.type;
    const wanted = given.map((label) => this.#of(label));
    const labels =
      modifier?.getChild("Without") != null
        ? [...operand.labels].filter((label) => !wanted.includes(label))
        : wanted;
    return { ...shape("vector", type, labels), summed: true, rated: operand.rated };
  }

  #call(node: Node): Shape {
    const name = this.#of(node.getChild("FunctionIdentifier") ?? node);
    const nodes = children(node.getChild("FunctionCallBody")).filter(isExpression);
    const given = nodes.map((child) => this.shapeOf(child));
    const operand = given.find(({ kind }) => kind === "vector" || kind === "range") ?? SCALAR;
    const text = this.#of(node);
    if (COUNTING.has(name)) {
      if (operand.type !== "counter" && operand.type !== "bucket") {
        this.#fault(`${text}: ${name} is for counters alone`);
      }
      if (operand.summed) this.#fault(`${text}: a rate of a sum; sum the rates`);
      const type = operand.type === "bucket" ? "bucket" : "derived";
      return { ...operand, kind: "vector", type, rated: true };
    }
    if (SLOPES.has(name) || name.endsWith("_over_time") || name === "changes") {
      const presence = PRESENCE.has(name);
      if (operand.type === "counter" && !presence) this.#fault(`${text}: ${name} of a counter`);
      return { ...operand, kind: "vector", type: "derived" };
    }
    if (name === "histogram_quantile") return this.#quantile(operand, text);
    if (name === "absent") {
      // Of a plain selector; what was computed before has lost its labels.
      const plain = nodes[0]?.name === "VectorSelector";
      return shape("vector", "derived", plain ? this.#equalities(nodes[0]) : []);
    }
    if (name === "label_replace") {
      const [, target, , source] = nodes.map((child) => this.#of(child).replaceAll('"', ""));
      if (source !== undefined && !operand.labels.has(source)) {
        this.#fault(`${text}: no label ${source}`);
      }
      return { ...operand, labels: new Set([...operand.labels, target ?? ""]) };
    }
    if (PLAIN.has(name)) return operand;
    if (name === "scalar" || name === "time") return SCALAR;
    if (name === "vector" || CLOCK.has(name)) return shape("vector", "derived", []);
    if (name === "timestamp") return { ...operand, type: "derived" };
    return this.#fault(`${text}: the function ${name} is not known to this check`);
  }

  #quantile(operand: Shape, text: string): Shape {
    if (operand.type !== "bucket") this.#fault(`${text}: a quantile is of buckets`);
    if (!operand.labels.has("le")) this.#fault(`${text}: a quantile needs the label le`);
    if (!operand.rated) this.#fault(`${text}: a quantile of all time; take a rate first`);
    const labels = [...operand.labels].filter((label) => label !== "le");
    return shape("vector", "derived", labels);
  }

  #binary(node: Node): Shape {
    const sides = children(node).filter(isExpression);
    const [left, right] = sides.map((side) => this.shapeOf(side));
    if (left === undefined || right === undefined) return this.#fault(`${this.#of(node)} is half`);
    const operator = children(node).find(
      (child) => !isExpression(child) && !/Modifier/.test(child.name),
    );
    const compares = COMPARISONS.has(operator?.name ?? "");
    for (const side of compares ? [left, right] : []) {
      if (side.type === "counter" || side.type === "bucket") {
        this.#fault(`${this.#of(node)}: a counter says nothing by its height`);
      }
    }
    if (left.kind === "scalar" || right.kind === "scalar") {
      const vector = left.kind === "scalar" ? right : left;
      return compares ? { ...vector, type: "derived" } : vector;
    }
    const labels = this.#matched(node, left, right, operator?.name ?? "");
    if (operator?.name === "Or") {
      const both = [...left.labels, ...right.labels];
      return {
        ...left,
        type: left.type === right.type ? left.type : "derived",
        labels: new Set(both),
      };
    }
    if (SETS.has(operator?.name ?? "")) return left;
    return { ...left, type: "derived", labels, rated: left.rated && right.rated };
  }

  #matched(node: Node, left: Shape, right: Shape, operator: string): ReadonlySet<string> {
    const clause = node.getChild("MatchingModifierClause");
    const groups = clause?.getChildren("GroupingLabels") ?? [];
    const given = groups[0]?.getChildren("LabelName") ?? [];
    if (clause?.getChild("On") != null) {
      for (const label of given) {
        this.#has(left.labels, label, this.#of(node));
        this.#has(right.labels, label, this.#of(node));
      }
      if (clause.getChild("GroupLeft") === null) return new Set(given.map((l) => this.#of(l)));
      const taken = groups[1]?.getChildren("LabelName") ?? [];
      for (const label of taken) this.#has(right.labels, label, this.#of(node));
      return new Set([...left.labels, ...taken.map((label) => this.#of(label))]);
    }
    const ignored = new Set(given.map((label) => this.#of(label)));
    const kept = ({ labels }: Shape) => [...labels].filter((label) => !ignored.has(label)).sort();
    if (operator !== "Or" && kept(left).join() !== kept(right).join()) {
      this.#fault(
        `${this.#of(node)}: its sides never match, one has {${kept(left)}} and the other {${kept(right)}}`,
      );
    }
    return new Set(kept(left));
  }

  /** `absent` gives the labels that were asked to be equal, and no other. */
  #equalities(node: Node | undefined): string[] {
    const labels: string[] = [];
    node?.cursor().iterate((inner) => {
      if (inner.name !== "UnquotedLabelMatcher") return;
      const matcher = inner.node;
      const label = matcher.getChild("LabelName");
      if (label !== null && matcher.getChild("MatchOp")?.getChild("EqlSingle") != null) {
        labels.push(this.#of(label));
      }
    });
    return labels;
  }

  #has(labels: ReadonlySet<string>, label: Node | null, what: string): void {
    const name = label === null ? "" : this.#of(label);
    if (!labels.has(name)) this.#fault(`${what} has no label ${name}`);
  }

  #fault(what: string): Shape {
    this.#faults.push(what);
    return shape("vector", "derived", []);
  }

  #of(node: Node): string {
    return this.#text.slice(node.from, node.to);
  }
}

function shape(kind: Shape["kind"], type: Type, labels: Iterable<string>): Shape {
  return { kind, type, labels: new Set(labels), summed: false, rated: false };
}

function children(node: Node | null): Node[] {
  const found: Node[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    found.push(child);
  }
  return found;
}

function isExpression({ name }: Node): boolean {
  return (
    /(Expr|Selector|Call|^NumberDurationLiteral|^StringLiteral)$/.test(name) &&
    name !== "DurationExpr" &&
    name !== "OffsetDurationExpr"
  );
}
