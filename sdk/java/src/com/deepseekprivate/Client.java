package com.deepseekprivate;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A thin client of the native API: signed calls, whole and streamed answers, back-off. Needs the
 * JDK only (17 or newer).
 *
 * <pre>{@code
 * Client client = new Client("AK...", "...", "https://api.example.com/v1");
 * Client.Answer answer = client.complete(new Client.Request("deepseek-chat-7b", "Hello"));
 * }</pre>
 */
public final class Client {
    /** Waits double from half a second and are drawn from the upper half, so that callers spread. */
    private static final long WAIT_MS_MIN = 500;
    private static final long WAIT_MS_MAX = 8_000;
    /** A service that asks for more is answered by giving up: the caller decides about long waits. */
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(30);
    private static final Duration TIMEOUT = Duration.ofSeconds(120);
    private static final int ATTEMPTS_MAX = 3;

    private final String accessKey;
    private final String secretKey;
    private final URI uri;
    private final HttpClient http;

    /** One call; {@code contextId} goes on with the conversation of an earlier answer. */
    public record Request(
            String model, String prompt, String contextId, Double temperature, Integer maxTokens) {
        public Request(String model, String prompt) {
            this(model, prompt, null, null, null);
        }

        public Request inContext(String id) {
            return new Request(model, prompt, id, temperature, maxTokens);
        }
    }

    /** A whole answer, or a piece of a streamed one; usage is absent (-1) but in the last piece. */
    public record Answer(String text, String contextId, long promptTokens, long completionTokens) {}

    /** {@code endpoint} names the version too: {@code https://host/v1}. */
    public Client(String accessKey, String secretKey, String endpoint) {
        this(accessKey, secretKey, endpoint, HttpClient.newBuilder().build());
    }

    /** With a client of the caller's own, for a private authority or a proxy. */
    public Client(String accessKey, String secretKey, String endpoint, HttpClient http) {
        this.accessKey = accessKey;
        this.secretKey = secretKey;
        this.uri = URI.create(endpoint.replaceAll("/+$", "") + "/chat/complete");
        this.http = http;
    }

    /** One whole answer. */
    public Answer complete(Request request) throws IOException, InterruptedException {
        HttpResponse<Stream<String>> response = send(request, false);
        return envelope(response.body().collect(Collectors.joining("\n")), response);
    }

    /** Calls {@code each} for every piece; an exception of it ends the call. */
    public void streamComplete(Request request, Consumer<Answer> each)
            throws IOException, InterruptedException {
        HttpResponse<Stream<String>> response = send(request, true);
        try (Stream<String> lines = response.body()) {
            for (String line : (Iterable<String>) lines::iterator) {
                if (!line.startsWith("data:")) {
                    continue;
                }
                String data = line.substring(5).strip();
                if (data.equals("[DONE]")) {
                    return;
                }
                each.accept(envelope(data, response));
            }
        }
        throw new ApiException(50202, "The stream ended early.", response.statusCode(), Duration.ZERO);
    }

    private HttpResponse<Stream<String>> send(Request request, boolean stream)
            throws IOException, InterruptedException {
        String body = bodyOf(request, stream);
        for (int attempt = 1; ; attempt++) {
            try {
                return sendOnce(body);
            } catch (IOException | ApiException fault) {
                long waitMs = waitMs(fault, attempt);
                if (attempt >= ATTEMPTS_MAX || waitMs < 0) {
                    throw fault;
                }
                Thread.sleep(waitMs);
            }
        }
    }

    private HttpResponse<Stream<String>> sendOnce(String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(TIMEOUT)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body));
        String path = uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
        signedHeaders(accessKey, secretKey, "POST", path, body).forEach(request::header);
        HttpResponse<Stream<String>> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofLines());
        if (response.statusCode() == 200) {
            return response;
        }
        throw faultOf(response.body().collect(Collectors.joining("\n")), response);
    }

    /** The headers of one signed call; each call has its own nonce, so an attempt signs anew. */
    public static Map<String, String> signedHeaders(
            String accessKey, String secretKey, String method, String pathWithQuery, String body) {
        try {
            String timestamp = Long.toString(System.currentTimeMillis() / 1000);
            String nonce = UUID.randomUUID().toString();
            HexFormat hex = HexFormat.of();
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String digest = hex.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            String text = String.join("\n", method, pathWithQuery, timestamp, nonce, digest);
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secretKey.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            Map<String, String> headers = new LinkedHashMap<>();
            headers.put("X-DS-AccessKey", accessKey);
            headers.put("X-DS-Timestamp", timestamp);
            headers.put("X-DS-Nonce", nonce);
            headers.put(
                    "X-DS-Signature",
                    hex.formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8))));
            return headers;
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException("this JDK has no HMAC-SHA256", cause);
        }
    }

    private static String bodyOf(Request request, boolean stream) {
        StringBuilder body = new StringBuilder("{\"model\":").append(Json.quote(request.model()));
        body.append(",\"prompt\":").append(Json.quote(request.prompt()));
        String context = request.contextId();
        body.append(",\"context_id\":").append(context == null ? "null" : Json.quote(context));
        body.append(",\"stream\":").append(stream);
        if (request.temperature() != null) {
            body.append(",\"temperature\":").append(request.temperature());
        }
        if (request.maxTokens() != null) {
            body.append(",\"max_tokens\":").append(request.maxTokens());
        }
        return body.append('}').toString();
    }

    /** Below zero: trying again is no use. */
    private static long waitMs(Exception fault, int attempt) {
        long own = Math.min(WAIT_MS_MAX, WAIT_MS_MIN << (attempt - 1));
        long drawn = ThreadLocalRandom.current().nextLong(own / 2, own);
        if (!(fault instanceof ApiException refusal)) {
            return drawn;
        }
        if (!refusal.retryable() || refusal.retryAfter().compareTo(RETRY_AFTER_MAX) > 0) {
            return -1;
        }
        return Math.max(drawn, refusal.retryAfter().toMillis());
    }

    private static Answer envelope(String text, HttpResponse<?> response) {
        ApiException fault = faultOf(text, response);
        if (fault.code() != 0) {
            throw fault;
        }
        Map<?, ?> data = (Map<?, ?>) ((Map<?, ?>) Json.parse(text)).get("data");
        Map<?, ?> usage = data.get("usage") instanceof Map<?, ?> counts ? counts : Map.of();
        Object contextId = data.get("context_id");
        return new Answer(
                String.valueOf(data.get("text")),
                contextId == null ? null : contextId.toString(),
                count(usage.get("prompt_tokens")),
                count(usage.get("completion_tokens")));
    }

    private static long count(Object value) {
        return value instanceof Number number ? number.longValue() : -1;
    }

    /** Code 0: it is no fault. An answer that is no envelope comes from something in between. */
    private static ApiException faultOf(String text, HttpResponse<?> response) {
        int status = response.statusCode();
        Duration wait =
                response.headers()
                        .firstValue("retry-after")
                        .filter(value -> value.matches("\\d{1,6}"))
                        .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                        .orElse(Duration.ZERO);
        try {
            if (Json.parse(text) instanceof Map<?, ?> body && body.get("code") instanceof Long code) {
                String message = String.valueOf(body.get("message"));
                return new ApiException(code.intValue(), message, status, wait);
            }
        } catch (IllegalArgumentException cause) {
            // Told below.
        }
        return new ApiException(status * 100, "HTTP " + status, status, wait);
    }
}
