// Package emulatortest gives tests of packages directly below internal/ an emulated AWS that ends with them.
package emulatortest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"accountfleet/internal/emulator"
	"accountfleet/internal/toolbox"
)

// Root is the top of the repository, from where such a package's tests run.
var Root = filepath.Join("..", "..")

// patience is how long an emulator may take to end: hundreds of accounts take a while to forget.
const patience = time.Minute

// Python is the interpreter of the emulator's environment: $FLEET_EMULATOR_PYTHON, or the verified one of the toolbox.
func Python(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("FLEET_EMULATOR_PYTHON"); named != "" {
		return named
	}
	located, err := toolbox.Locate("emulator-python")
	if err != nil {
		t.Fatal(err)
	}
	return located.Path
}

// Start starts an emulator. It is stopped when the test ends, and its log is shown where the test failed.
func Start(t testing.TB) *emulator.Emulator {
	t.Helper()
	var log bytes.Buffer
	e, err := emulator.Start(context.Background(), emulator.Options{Root: Root, Python: Python(t), Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Errorf("stop the emulator: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return e
}
