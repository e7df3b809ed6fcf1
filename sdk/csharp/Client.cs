// A thin client of the native API: signed calls, whole and streamed answers, back-off. Needs .NET
// only. The service's own tests do not run C#: this client follows the TypeScript one line by line.
//
//     var client = new Client("AK...", "...", "https://api.example.com/v1");
//     var answer = await client.CompleteAsync(new ChatRequest("deepseek-chat-7b", "Hello"));
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DeepSeekPrivate;

/// <summary>One call; <c>ContextId</c> goes on with the conversation of an earlier answer.</summary>
public sealed record ChatRequest(
    [property: JsonPropertyName("model")] string Model,
    [property: JsonPropertyName("prompt")] string Prompt,
    [property: JsonPropertyName("context_id")] string? ContextId = null,
    [property: JsonPropertyName("temperature"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        double? Temperature = null,
    [property: JsonPropertyName("max_tokens"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        int? MaxTokens = null)
{
    [JsonPropertyName("stream")]
    public bool Stream { get; init; }
}

public sealed record Usage(
    [property: JsonPropertyName("prompt_tokens")] int PromptTokens,
    [property: JsonPropertyName("completion_tokens")] int CompletionTokens,
    [property: JsonPropertyName("total_tokens")] int TotalTokens);

public sealed record ChatData(
    [property: JsonPropertyName("text")] string Text,
    [property: JsonPropertyName("context_id")] string? ContextId,
    [property: JsonPropertyName("usage")] Usage? Usage);

/// <summary>A whole answer, or a piece of a streamed one.</summary>
public sealed record ChatAnswer(
    [property: JsonPropertyName("code")] int Code,
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("data")] ChatData? Data);

/// <summary>The service refused or failed; the code is a native one such as 42901.</summary>
public sealed class ApiException(int code, string message, HttpStatusCode status, TimeSpan retryAfter)
    : Exception(message)
{
    public int Code { get; } = code;
    public HttpStatusCode Status { get; } = status;
    public TimeSpan RetryAfter { get; } = retryAfter;
    public bool Retryable => (int)Status == 429 || (int)Status >= 500;
}

public sealed class Client(string accessKey, string secretKey, string endpoint, HttpClient? http = null)
{
    // Waits double from half a second and are drawn from the upper half, so that callers spread.
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(8);
    // A service that asks for more is answered by giving up: the caller decides about long waits.
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(30);
    private const int AttemptsMax = 3;

    private readonly Uri uri = new(endpoint.TrimEnd('/') + "/chat/complete");
    private readonly HttpClient http =
        http ?? new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

    public async Task<ChatAnswer> CompleteAsync(ChatRequest request, CancellationToken stop = default)
    {
        using var response = await SendAsync(request with { Stream = false }, stop);
        return Envelope(await response.Content.ReadAsStringAsync(stop), response);
    }

    /// <summary>Pieces as they come; leaving the loop ends the call.</summary>
    public async IAsyncEnumerable<ChatAnswer> StreamCompleteAsync(
        ChatRequest request, [EnumeratorCancellation] CancellationToken stop = default)
    {
        using var response = await SendAsync(request with { Stream = true }, stop);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop), Encoding.UTF8);
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            if (!line.StartsWith("data:", StringComparison.Ordinal)) continue;
            var data = line[5..].TrimStart();
            if (data == "[DONE]") yield break;
            yield return Envelope(data, response);
        }
        throw new ApiException(50202, "The stream ended early.", response.StatusCode, TimeSpan.Zero);
    }

    /// <summary>Each call has its own nonce, so an attempt signs anew.</summary>
    public static IReadOnlyDictionary<string, string> SignedHeaders(
        string accessKey, string secretKey, string method, string pathWithQuery, byte[] body)
    {
        var timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString();
        var nonce = Guid.NewGuid().ToString();
        var digest = Convert.ToHexString(SHA256.HashData(body)).ToLowerInvariant();
        var text = string.Join('\n', method, pathWithQuery, timestamp, nonce, digest);
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secretKey), Encoding.UTF8.GetBytes(text));
        return new Dictionary<string, string>
        {
            ["X-DS-AccessKey"] = accessKey,
            ["X-DS-Timestamp"] = timestamp,
            ["X-DS-Nonce"] = nonce,
            ["X-DS-Signature"] = Convert.ToHexString(mac).ToLowerInvariant(),
        };
    }

    private async Task<HttpResponseMessage> SendAsync(ChatRequest request, CancellationToken stop)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await SendOnceAsync(body, stop);
            }
            catch (Exception fault) when (
                attempt < AttemptsMax && !stop.IsCancellationRequested && WaitFor(fault, attempt) is not null)
            {
                await Task.Delay(WaitFor(fault, attempt) ?? TimeSpan.Zero, stop);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(byte[] body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in SignedHeaders(accessKey, secretKey, "POST", uri.PathAndQuery, body))
            request.Headers.Add(name, value);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            throw FaultOf(await response.Content.ReadAsStringAsync(stop), response);
        }
    }

    private static TimeSpan? WaitFor(Exception fault, int attempt)
    {
        var own = TimeSpan.FromTicks(Math.Min(WaitMax.Ticks, WaitMin.Ticks << (attempt - 1)));
        var drawn = own * (0.5 + Random.Shared.NextDouble() / 2);
        return fault switch
        {
            HttpRequestException or IOException => drawn,
            ApiException { Retryable: true } refusal when refusal.RetryAfter <= RetryAfterMax =>
                refusal.RetryAfter > drawn ? refusal.RetryAfter : drawn,
            _ => null,
        };
    }

    private static ChatAnswer Envelope(string text, HttpResponseMessage response)
    {
        var fault = FaultOf(text, response);
        if (fault.Code != 0) throw fault;
        return JsonSerializer.Deserialize<ChatAnswer>(text) ?? throw fault;
    }

    // Code 0: it is no fault. An answer that is no envelope comes from something in between.
    private static ApiException FaultOf(string text, HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
        var status = response.StatusCode;
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.TryGetProperty("code", out var code) && code.TryGetInt32(out var number))
            {
                var message = json.RootElement.TryGetProperty("message", out var said) ? said.ToString() : "";
                return new ApiException(number, message, status, wait);
            }
        }
        catch (JsonException)
        {
            // Told below.
        }
        return new ApiException((int)status * 100, $"HTTP {(int)status}", status, wait);
    }
}
