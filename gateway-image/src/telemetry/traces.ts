/**
 * Traces of calls, sent to a collector over OTLP: who was asked, by which model server, how long
 * each part took, how many tokens; never what was said. Without a collector there is none of it.
 */
import { randomInt } from "node:crypto";
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { limits } from "../limits.ts";

/** Part of a trace that runs now. */
export interface Traced {
  readonly traceId: string;
  /** As a header for whoever works for us; W3C Trace Context. */
  readonly traceparent: string;
  /** A part of this part. */
  child(name: string, kind?: "internal" | "client"): Traced;
  set(attributes: Attributes): void;
  /** `error`: a code of the table of errors. */
  end(error?: string | null): void;
}

export interface TraceOptions {
  /** Where the collector takes traces, such as https://collector:4318/v1/traces. */
  readonly endpoint: string;
  readonly sampleShare: number;
  readonly version: string;
  readonly site: string;
  readonly instance: string;
  readonly ca: () => string | null;
  /** Spans that no collector will ever see. */
  readonly onLost: (spans: number) => void;
}

export interface Traces {
  /** `traceparent`: of the caller, where it is one. null: this call is not traced. */
  begin(name: string, traceparent: string | undefined): Traced | null;
  close(): Promise<void>;
}

/** As fine as a share in percent needs, and finer. */
const COIN_SIDES = 1_000_000;

export const NO_TRACES: Traces = { begin: () => null, close: async () => {} };

export function createTraces(options: TraceOptions): Traces {
  const waiting = new WaitingSpans(options.onLost);
  const exporter = waiting.counting(createExporter(options));
  const provider = new TracerProvider({
    // Whether a call is traced was decided before: callers choose their trace's id.
    sampler: new AlwaysOnSampler(),
    resource: resourceFromAttributes({
      "service.name": "gateway",
      "service.version": options.version,
      "service.instance.id": options.instance,
      "deployment.site": options.site,
    }),
    spanProcessors: [
      waiting.bounding(
        new BatchSpanProcessor({
          exporter,
          // Never reached: what is beyond our own bound is not handed over.
          maxQueueSize: limits.spansWaitingMax * 2,
          scheduledDelayMillis: limits.spansFlushMs,
          exportTimeoutMillis: limits.spansTimeoutMs,
        }),
      ),
    ],
  });
  const tracer = provider.getTracer("gateway", options.version);
  return {
    begin(name, traceparent) {
      if (randomInt(COIN_SIDES) >= options.sampleShare * COIN_SIDES) return null;
      const parent = readTraceparent(traceparent);
      const from = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, from);
      return traced(tracer, span);
    },
    close: () => provider.shutdown().catch(() => {}),
  };
}

function createExporter({ endpoint, ca }: TraceOptions): SpanExporter {
  return new OTLPTraceExporter({
    url: endpoint,
    timeoutMillis: limits.spansTimeoutMs,
    ...(endpoint.startsWith("https:") && ca() !== null
      ? { httpAgentOptions: { keepAlive: true, ca: ca() ?? "" } }
      : {}),
  });
}

/** Spans between their end and the collector's word; none is lost without being counted. */
class WaitingSpans {
  #count = 0;
  readonly #onLost: (spans: number) => void;

  constructor(onLost: (spans: number) => void) {
    this.#onLost = onLost;
  }

  bounding(processor: SpanProcessor): SpanProcessor {
    return {
      onStart: (span, context) => processor.onStart(span, context),
      onEnd: (span) => {
        if (this.#count >= limits.spansWaitingMax) return this.#onLost(1);
        this.#count += 1;
        processor.onEnd(span);
      },
      shutdown: () => processor.shutdown(),
      forceFlush: () => processor.forceFlush(),
    };
  }

  counting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans: ReadableSpan[], done) => {
        exporter.export(spans, (result) => {
          this.#count -= spans.length;
          if (result.code !== 0) this.#onLost(spans.length);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    };
  }
}

function traced(tracer: Tracer, span: Span): Traced {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    traceparent: `00-${traceId}-${spanId}-01`,
    child(name, kind = "internal") {
      const from = trace.setSpan(ROOT_CONTEXT, span);
      const spanKind = kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL;
      return traced(tracer, tracer.startSpan(name, { kind: spanKind }, from));
    },
    set: (attributes) => void span.setAttributes(attributes),
    end(error = null) {
      // Ended twice is ended once: the first word stands.
      if (!span.isRecording()) return;
      if (error !== null) {
        span.setAttribute("error.type", error);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * The trace of who calls goes on; whether it is recorded is ours to say, or any caller could have
 * all of its calls recorded. Pure.
 */
export function readTraceparent(header: string | undefined): SpanContext | null {
  const [, traceId = "", spanId = ""] = TRACEPARENT.exec(header ?? "") ?? [];
  if (traceId === "" || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}
