package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/toolbox"
)

// emulatorOptions are the flags of fleet emulator.
type emulatorOptions struct {
	port    int    // default 0: any free one
	account string // whose root user the printed environment is
	region  string
	python  string // default: emulator-python of make tools
}

func newEmulatorCommand(streams *IO) *cobra.Command {
	var options emulatorOptions
	command := &cobra.Command{
		Use:   "emulator",
		Short: "Run the emulated AWS alone and print its address and environment, until Ctrl-C",
		Long: `Runs the emulated AWS on 127.0.0.1 and prints the environment by which the aws and cdk commands use it.

An access key of twelve digits is the root user of that account and may do everything; roles are enforced. All state is in
memory and gone when the command ends. docs/emulator.md tells what is emulated, what modelled, and what not.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runEmulator(command.Context(), streams, options)
		},
	}
	command.Flags().IntVar(&options.port, "port", 0, "port to listen on (default: any free one)")
	command.Flags().StringVar(&options.account, "account", "111111111111", "account that the printed environment acts in")
	command.Flags().StringVar(&options.region, "region", "eu-west-1", "region that the printed environment acts in")
	command.Flags().StringVar(&options.python, "python", "", "Python with moto and cfn-lint (default: what make tools installed)")
	return command
}

func runEmulator(ctx context.Context, streams *IO, options emulatorOptions) error {
	if !twelveDigits.MatchString(options.account) {
		return fmt.Errorf("--account: want 12 digits, got %q: name an account of fleet.yaml, or any other", options.account)
	}
	if mistake := config.Region(options.region); mistake != nil {
		return fmt.Errorf("--region: %w", mistake)
	}
	python := options.python
	if python == "" {
		tool, err := toolbox.Locate("emulator-python")
		if err != nil {
			return err
		}
		python = tool.Path
	}
	root, err := emulatorRoot()
	if err != nil {
		return err
	}
	log := &startLog{to: streams.Err}
	running, err := emulator.Start(ctx, emulator.Options{Root: root, Python: python, Log: log, Port: options.port})
	log.release(err == nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Err, "emulated AWS at %s; in another terminal:\n\n", running.Endpoint)
	for _, variable := range append(running.Environment(options.account), "AWS_REGION="+options.region, "AWS_DEFAULT_REGION="+options.region) {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			fmt.Fprintf(streams.Out, "unset %s\n", name)
			continue
		}
		fmt.Fprintf(streams.Out, "export %s=%s\n", name, value)
	}
	select {
	case <-ctx.Done():
	case <-running.Ended():
		return fmt.Errorf("the emulator ended by itself: its messages above say why")
	}
	stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return running.Stop(stopping)
}

// emulatorRoot is the nearest folder, from here upwards, that holds the emulator.
func emulatorRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "emulator", "serve.py")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no folder from here upwards holds emulator/serve.py: run the command in the fleet's repository")
		}
		dir = parent
	}
}

// startLog holds back what the emulator says until it serves, because the error of a failed start tells its last line.
type startLog struct {
	to       io.Writer
	mutex    sync.Mutex
	held     bytes.Buffer
	released bool
}

func (l *startLog) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.released {
		return l.to.Write(p)
	}
	return l.held.Write(p)
}

// release shows what was held, unless the emulator did not start and said one line only, and what comes from now on.
func (l *startLog) release(started bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.released = true
	if started || bytes.Count(l.held.Bytes(), []byte("\n")) > 1 {
		_, _ = l.held.WriteTo(l.to) // there is nowhere else to say that it cannot be said
	}
}
