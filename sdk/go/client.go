// Package deepseek is a thin client of the native API: signed calls, whole and streamed answers,
// back-off. It needs the standard library only.
//
//	client := deepseek.New("AK...", "...", "https://api.example.com/v1")
//	answer, err := client.Chat.Complete(ctx, deepseek.Request{Model: "deepseek-chat-7b", Prompt: "Hello"})
package deepseek

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// Waits double from half a second and are drawn from the upper half, so that callers spread.
	waitMin = 500 * time.Millisecond
	waitMax = 8 * time.Second
	// A service that asks for more is answered by giving up: the caller decides about long waits.
	retryAfterMax = 30 * time.Second
	// One event of a stream stays far below.
	eventBytesMax = 1 << 20
)

// Request is one call. ContextID goes on with the conversation of an earlier answer.
type Request struct {
	Model       string   `json:"model"`
	Prompt      string   `json:"prompt"`
	ContextID   *string  `json:"context_id"`
	Temperature *float64 `json:"temperature,omitempty"`
	MaxTokens   int      `json:"max_tokens,omitempty"`
	stream      bool
}

// Usage counts tokens.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// Answer is one envelope: a whole answer, or a piece of a streamed one.
type Answer struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Text      string `json:"text"`
		ContextID string `json:"context_id"`
		Usage     *Usage `json:"usage"`
	} `json:"data"`
}

// APIError says that the service refused or failed; Code is a native code such as 42901.
type APIError struct {
	Code       int
	Message    string
	Status     int
	RetryAfter time.Duration
	RequestID  string
}

func (e *APIError) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// Retryable tells whether the same call may succeed later.
func (e *APIError) Retryable() bool { return e.Status == http.StatusTooManyRequests || e.Status >= 500 }

// Client calls one service.
type Client struct {
	Chat *Chat
}

// Chat holds the calls of the chat API. HTTP, AttemptsMax and Sleep may be replaced before use.
type Chat struct {
	accessKey, secretKey, endpoint string
	HTTP                           *http.Client
	AttemptsMax                    int
	Sleep                          func(time.Duration)
}

// New makes a client; endpoint names the version too: https://host/v1.
func New(accessKey, secretKey, endpoint string) *Client {
	refuse := func(*http.Request, []*http.Request) error { return errors.New("the service must not redirect") }
	return &Client{Chat: &Chat{
		accessKey:   accessKey,
		secretKey:   secretKey,
		endpoint:    strings.TrimRight(endpoint, "/"),
		HTTP:        &http.Client{CheckRedirect: refuse},
		AttemptsMax: 3,
		Sleep:       time.Sleep,
	}}
}

// Complete returns one whole answer.
func (c *Chat) Complete(ctx context.Context, request Request) (*Answer, error) {
	request.stream = false
	response, err := c.send(ctx, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return envelope(text, response)
}

// StreamComplete calls each for every piece; an error of each ends the call and is returned.
func (c *Chat) StreamComplete(ctx context.Context, request Request, each func(*Answer) error) error {
	request.stream = true
	response, err := c.send(ctx, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 64*1024), eventBytesMax)
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data:")
		if !found {
			continue
		}
		data = strings.TrimPrefix(data, " ")
		if data == "[DONE]" {
			return nil
		}
		answer, err := envelope([]byte(data), response)
		if err != nil {
			return err
		}
		if err := each(answer); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return &APIError{Code: 50202, Message: "The stream ended early.", Status: response.StatusCode}
}

func (c *Chat) send(ctx context.Context, request Request) (*http.Response, error) {
	body, err := json.Marshal(struct {
		Request
		Stream bool `json:"stream"`
	}{request, request.stream})
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		response, err := c.sendOnce(ctx, body)
		if err == nil || ctx.Err() != nil {
			return response, err
		}
		wait, again := waitFor(err, attempt)
		if attempt >= c.AttemptsMax || !again {
			return nil, err
		}
		c.Sleep(wait)
	}
}

func (c *Chat) sendOnce(ctx context.Context, body []byte) (*http.Response, error) {
	target, err := url.Parse(c.endpoint + "/chat/complete")
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range SignedHeaders(c.accessKey, c.secretKey, http.MethodPost, target.RequestURI(), body) {
		request.Header.Set(name, value)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, eventBytesMax))
	return nil, faultOf(text, response)
}

// SignedHeaders are the headers of one signed call; each call has its own nonce, so an attempt
// signs anew.
func SignedHeaders(accessKey, secretKey, method, pathWithQuery string, body []byte) map[string]string {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		panic(err) // The system has no randomness: nothing may be signed.
	}
	nonce := hex.EncodeToString(random)
	digest := sha256.Sum256(body)
	text := strings.Join([]string{method, pathWithQuery, timestamp, nonce, hex.EncodeToString(digest[:])}, "\n")
	signer := hmac.New(sha256.New, []byte(secretKey))
	signer.Write([]byte(text))
	return map[string]string{
		"X-DS-AccessKey": accessKey,
		"X-DS-Timestamp": timestamp,
		"X-DS-Nonce":     nonce,
		"X-DS-Signature": hex.EncodeToString(signer.Sum(nil)),
	}
}

func envelope(text []byte, response *http.Response) (*Answer, error) {
	if fault := faultOf(text, response); fault.Code != 0 {
		return nil, fault
	}
	var answer Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	return &answer, nil
}

// Code 0: it is no fault. An answer that is no envelope comes from something in between.
func faultOf(text []byte, response *http.Response) *APIError {
	fault := &APIError{
		Code:      response.StatusCode * 100,
		Message:   response.Status,
		Status:    response.StatusCode,
		RequestID: response.Header.Get("x-request-id"),
	}
	if seconds, err := strconv.Atoi(response.Header.Get("retry-after")); err == nil {
		fault.RetryAfter = time.Duration(seconds) * time.Second
	}
	var body struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &body) == nil && body.Code != nil {
		fault.Code, fault.Message = *body.Code, body.Message
	}
	return fault
}

func waitFor(err error, attempt int) (time.Duration, bool) {
	own := waitMin << (attempt - 1)
	if own > waitMax {
		own = waitMax
	}
	drawn := own/2 + time.Duration(mathrand.Int63n(int64(own)/2))
	var fault *APIError
	if !errors.As(err, &fault) {
		return drawn, true
	}
	if !fault.Retryable() || fault.RetryAfter > retryAfterMax {
		return 0, false
	}
	if fault.RetryAfter > drawn {
		return fault.RetryAfter, true
	}
	return drawn, true
}
