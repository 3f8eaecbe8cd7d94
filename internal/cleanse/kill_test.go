package cleanse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// Variables by which a test starts this binary again as a run that ends itself.
const (
	killAt     = "CLEANSE_TEST_KILL_AT"
	killRemote = "CLEANSE_TEST_REMOTE"
	killStore  = "CLEANSE_TEST_STORE"
)

func TestMain(m *testing.M) {
	if step := os.Getenv(killAt); step != "" {
		runAndDie(step)
	}
	os.Exit(m.Run())
}

// runAndDie purges, and kills its own process at a step.
func runAndDie(step string) {
	at, err := strconv.Atoi(step)
	if err != nil {
		panic(err)
	}
	counter := &steps{remote: os.Getenv(killRemote), store: Folder(os.Getenv(killStore)), at: at}
	counter.what = func(bool) (bool, bool, error) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	_, err = Run(context.Background(), Options{
		Remote: counter.remote, Locate: gatetest.Locate, Key: []byte("key"), Store: counter, Runner: counter, Scan: scanFor(keyID(11)),
		Temp: os.Getenv("TMPDIR"),
	})
	fmt.Fprintln(os.Stderr, "not killed:", err)
	os.Exit(3)
}

// kill runs a cleansing in another process until SIGKILL ends it at a step.
func kill(t *testing.T, s *scene, at int) bool {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(self)
	c.Env = append(os.Environ(), killAt+"="+fmt.Sprint(at), killRemote+"="+s.address(), killStore+"="+string(s.store), "TMPDIR="+t.TempDir())
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v: %s", err, out)
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
