package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// transcript is output that a test reads while it is written.
type transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.Write(p)
}

// since returns what was written after byte n, once it holds want.
func (t *transcript) since(test *testing.T, n int, want string) string {
	test.Helper()
	text := ""
	require.Eventually(test, func() bool {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		text = t.text.String()[n:]
		return strings.Contains(text, want)
	}, 30*time.Second, 20*time.Millisecond, want)
	return text
}

func TestWatchChecksTheProductThatWasSaved(t *testing.T) {
	dir := t.TempDir()
	const sound = "Resources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/mine}}\n"
	gatetest.Write(t, dir, gatetest.Files("one", sound))
	gatetest.Write(t, dir, gatetest.Files("two", sound))
	out := &transcript{}
	io := &IO{Out: out, Err: out, Getenv: os.Getenv}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- watch(ctx, io, checkOptions{catalog: dir, only: []string{"policy"}, format: "text"}, gatetest.Settings())
	}()
	first := out.since(t, 0, "Ctrl-C ends")
	assert.Contains(t, first, "passed")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "products/two/template.yaml"), []byte("Resources:\n  Topic: {Type: AWS::SNS::Topic}\n"), 0o644))
	second := out.since(t, len(first), "Ctrl-C ends")
	assert.Contains(t, second, "saved: two")
	assert.Contains(t, second, "products/two/template.yaml:2: error policy/SNS_TOPIC_ENCRYPTED_WITH_KMS")

	gatetest.Write(t, dir, gatetest.Files("three", sound))
	third := out.since(t, len(first)+len(second), "Ctrl-C ends")
	assert.Contains(t, third, "saved: three", "a new folder is followed too")

	cancel()
	assert.NoError(t, <-ended)
}

func TestWhatIsOutsideProductsConcernsAll(t *testing.T) {
	for path, want := range map[string]string{
		"c/products/a/template.yaml": "a", "c/products/a/features/x.feature": "a", "c/products/a": "a", "c/products": "", "c/guard-rules/x.guard": "", "c/features/x.feature": "",
	} {
		assert.Equal(t, want, productOf("c", path), path)
	}
	assert.ErrorContains(t, watch(context.Background(), &IO{Out: &transcript{}, Err: &transcript{}}, checkOptions{catalog: "nowhere"}, gatetest.Settings()), "--catalog")
}
