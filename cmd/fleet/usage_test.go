package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
)

// TestNoCommandSucceedsWithoutDoingAnything holds every command, also those to come: a typo in a buildspec may not pass.
func TestNoCommandSucceedsWithoutDoingAnything(t *testing.T) {
	streams := func() (*IO, *bytes.Buffer) {
		said := &bytes.Buffer{}
		return &IO{In: strings.NewReader(""), Out: said, Err: said, Getenv: func(string) string { return "" }}, said
	}
	groups := 0
	var walk func(path []string, c *cobra.Command)
	walk = func(path []string, c *cobra.Command) {
		if !c.HasSubCommands() {
			return
		}
		groups++
		for _, extra := range [][]string{nil, {"no-such-command"}} {
			io, said := streams()
			args := append(append([]string{}, path...), extra...)
			assert.Equal(t, 2, Main(context.Background(), args, io), "fleet %s: %s", strings.Join(args, " "), said)
			assert.Contains(t, said.String(), "choose from", args)
		}
		for _, sub := range c.Commands() {
			walk(append(append([]string{}, path...), sub.Name()), sub)
		}
	}
	io, _ := streams()
	for _, command := range commands {
		c := command(io)
		walk([]string{c.Name()}, c)
	}
	assert.GreaterOrEqual(t, groups, 6)
}
