// Runs the script of conformance.test.ts with the Go client; prints one JSON line a step.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	deepseek "deepseek.private/sdk"
)

const model = "deepseek-chat-7b"

var output = json.NewEncoder(os.Stdout)

func main() {
	output.SetEscapeHTML(false)
	ctx := context.Background()
	first, err := chat("").Complete(ctx, deepseek.Request{Model: model, Prompt: "first 量子"})
	must(err)
	show(first.Data.Text, first.Data.ContextID, first.Data.Usage.CompletionTokens)
	second, err := chat("").Complete(ctx, deepseek.Request{Model: model, Prompt: "second", ContextID: &first.Data.ContextID})
	must(err)
	show(second.Data.Text, second.Data.ContextID)
	pieces := []any{}
	must(stream("stream", func(answer *deepseek.Answer) error {
		pieces = append(pieces, answer.Data.Text)
		return nil
	}))
	show(pieces...)
	busy, err := chat("").Complete(ctx, deepseek.Request{Model: model, Prompt: "busy twice"})
	must(err)
	show(busy.Data.Text)
	_, err = chat("x").Complete(ctx, deepseek.Request{Model: model, Prompt: "wrong secret"})
	show(code(err))
	_, err = chat("").Complete(ctx, deepseek.Request{Model: model, Prompt: "always busy"})
	show(code(err))
	ignore := func(*deepseek.Answer) error { return nil }
	show(code(stream("stream broken", ignore)))
	show(code(stream("stream cut", ignore)))
}

func chat(suffix string) *deepseek.Chat {
	chat := deepseek.New(os.Args[1], os.Args[2]+suffix, os.Args[3]).Chat
	chat.Sleep = func(time.Duration) {}
	return chat
}

func stream(prompt string, each func(*deepseek.Answer) error) error {
	return chat("").StreamComplete(context.Background(), deepseek.Request{Model: model, Prompt: prompt}, each)
}

func code(err error) int {
	var fault *deepseek.APIError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return 0
}

func show(values ...any) { must(output.Encode(values)) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}
