import com.deepseekprivate.ApiException;
import com.deepseekprivate.Client;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs the script of conformance.test.ts with the Java client; prints one JSON line a step. */
public final class Conformance {
    private static final String MODEL = "deepseek-chat-7b";
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private interface Work {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        Client client = new Client(args[0], args[1], args[2]);
        Client.Answer first = client.complete(new Client.Request(MODEL, "first 量子"));
        show(quote(first.text()), quote(first.contextId()), first.completionTokens());
        Client.Request request = new Client.Request(MODEL, "second").inContext(first.contextId());
        Client.Answer second = client.complete(request);
        show(quote(second.text()), quote(second.contextId()));
        List<Object> pieces = new ArrayList<>();
        client.streamComplete(
                new Client.Request(MODEL, "stream"), piece -> pieces.add(quote(piece.text())));
        show(pieces.toArray());
        show(quote(client.complete(new Client.Request(MODEL, "busy twice")).text()));
        Client stranger = new Client(args[0], args[1] + "x", args[2]);
        show(code(() -> stranger.complete(new Client.Request(MODEL, "wrong secret"))));
        show(code(() -> client.complete(new Client.Request(MODEL, "always busy"))));
        show(code(() -> client.streamComplete(new Client.Request(MODEL, "stream broken"), p -> {})));
        show(code(() -> client.streamComplete(new Client.Request(MODEL, "stream cut"), p -> {})));
    }

    private static int code(Work work) throws Exception {
        try {
            work.run();
            return 0;
        } catch (ApiException fault) {
            return fault.code();
        }
    }

    private static String quote(String text) {
        return '"' + text + '"';
    }

    private static void show(Object... values) {
        OUT.println(Stream.of(values).map(String::valueOf).collect(Collectors.joining(",", "[", "]")));
    }
}
