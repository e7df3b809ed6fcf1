/**
 * Traces of calls, sent to a collector over OTLP: who was asked, by which model server, how long
 * each part took, how many tokens; never what was said. Without a collector there is none of it.
 */
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
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
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

export const NO_TRACES: Traces = { begin: () => null, close: async () => {} };

export function createTraces(options: TraceOptions): Traces {
  const exporter = counted(createExporter(options), options.onLost);
  const provider = new TracerProvider({
    sampler: new TraceIdRatioBasedSampler(options.sampleShare),
    resource: resourceFromAttributes({
      "service.name": "gateway",
      "service.version": options.version,
      "service.instance.id": options.instance,
      "deployment.site": options.site,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: limits.spansWaitingMax,
        scheduledDelayMillis: limits.spansFlushMs,
        exportTimeoutMillis: limits.spansTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer("gateway", options.version);
  return {
    begin(name, traceparent) {
      const parent = readTraceparent(traceparent);
      const from = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, from);
      return span.isRecording() ? traced(tracer, span) : null;
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

/** What the collector did not take is lost, and counted. */
function counted(exporter: SpanExporter, onLost: (spans: number) => void): SpanExporter {
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        if (result.code !== 0) onLost(spans.length);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
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
