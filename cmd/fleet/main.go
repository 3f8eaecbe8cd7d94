// Command fleet is everything that the account fleet management pipeline runs, and everything that an engineer runs by hand.
//
// One file a command: its flags, an options struct and a run function that calls one internal package. Exit codes: 0 pass,
// 1 what was pushed is wrong, 2 a gate, a tool, the settings or the environment is broken. Start at root.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(Main(ctx, os.Args[1:], &IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
}
