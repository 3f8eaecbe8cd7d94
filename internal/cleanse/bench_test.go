package cleanse

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// longHistory writes commits, each with a new version of one of 200 files, megabytes in all, into a bare repository. The secret comes in
// with the first commit and stays in that file, so everything must be rewritten.
func longHistory(b *testing.B, dir string, commits, megabytes int, secret string) {
	c := exec.Command("git", "-C", dir, "-c", "core.compression=1", "fast-import", "--quiet")
	in, err := c.StdinPipe()
	require.NoError(b, err)
	c.Stderr = os.Stderr
	require.NoError(b, c.Start())
	random := rand.New(rand.NewPCG(1, 1))
	size := megabytes << 20 / commits
	var line bytes.Buffer
	for i := range commits {
		line.Reset()
		for line.Len() < size {
			fmt.Fprintf(&line, "key%d: value-%x\n", random.IntN(100000), random.Uint64())
		}
		if i%100 == 0 {
			fmt.Fprintf(&line, "leaked: %s\n", secret)
		}
		fmt.Fprintf(in, "commit refs/heads/main\ncommitter n <n@example.com> %d +0000\ndata 8\na change\n", 1500000000+i)
		fmt.Fprintf(in, "M 100644 inline folder%d/file%d.yaml\ndata %d\n", i%14, i%200, line.Len())
		_, err := in.Write(line.Bytes())
		require.NoError(b, err)
		fmt.Fprintln(in)
	}
	require.NoError(b, in.Close())
	require.NoError(b, c.Wait())
}

// BenchmarkRewrite compares the whole rewrite (reading every object, the second computation, git-filter-repo, the comparison) with
// git-filter-repo replacing the same text by itself. FLEET_BENCH_COMMITS and FLEET_BENCH_MB set the size; make bench gives 10,000 and 500.
func BenchmarkRewrite(b *testing.B) {
	commits, _ := strconv.Atoi(os.Getenv("FLEET_BENCH_COMMITS"))
	megabytes, _ := strconv.Atoi(os.Getenv("FLEET_BENCH_MB"))
	if commits == 0 {
		commits, megabytes = 200, 4
	}
	secret := keyID(1)
	dir := filepath.Join(b.TempDir(), "remote.git")
	gitIn(b, b.TempDir(), "init", "-q", "--bare", "-b", "main", dir)
	longHistory(b, dir, commits, megabytes, secret)
	located, err := gatetest.Locate(FilterRepo)
	require.NoError(b, err)
	var alone, ours time.Duration
	for b.Loop() {
		clone := filepath.Join(b.TempDir(), fmt.Sprint("clone", alone))
		gitIn(b, dir, "clone", "-q", "--mirror", "--no-local", dir, clone)
		replace := filepath.Join(b.TempDir(), "replace")
		require.NoError(b, os.WriteFile(replace, []byte(secret+"==>"+string(mask([]byte("key"), []byte(secret)))+"\n"), 0o600))
		started := time.Now()
		c := exec.Command(located.Path, "-I", "-m", "git_filter_repo", "--force", "--quiet", "--replace-text", replace, "--replace-message", replace)
		c.Dir = clone
		out, err := c.CombinedOutput()
		require.NoError(b, err, string(out))
		alone += time.Since(started)
		require.NoError(b, os.RemoveAll(clone))

		cleansing, err := open(Options{Remote: dir, Locate: gatetest.Locate, Key: []byte("key"), Values: [][]byte{[]byte(secret)}, Progress: io.Discard, Temp: b.TempDir()})
		require.NoError(b, err)
		mirror, err := cleansing.mirror(context.Background(), dir, "mirror")
		require.NoError(b, err)
		started = time.Now()
		r, err := cleansing.prepare(context.Background(), mirror, true)
		require.NoError(b, err)
		require.NoError(b, cleansing.rewrite(context.Background(), r.work, r.e, r.refs))
		ours += time.Since(started)
		require.Equal(b, commits, r.plan.Commits)
		cleansing.close()
	}
	b.ReportMetric(alone.Seconds()/float64(b.N), "s-alone/op")
	b.ReportMetric(ours.Seconds()/float64(b.N), "s-ours/op")
	b.ReportMetric(ours.Seconds()/alone.Seconds(), "x-alone")
}
