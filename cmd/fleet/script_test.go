package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fleet": main})
}

// TestScripts runs every testdata/*.txt against the real command with the repository's tools. $REPO is the repository, whose fleet.yaml
// scripts may use. secret FILE PREFIX writes a made-up AWS access key id into a file, so that no script holds one.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	tools := os.Getenv("FLEET_TOOLS")
	if tools == "" {
		tools = filepath.Join(root, ".tools")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("REPO", root)
			e.Setenv("FLEET_TOOLS", tools)
			e.Setenv("FLEET_SETTINGS", filepath.Join(root, "fleet.yaml"))
			e.Setenv("GIT_AUTHOR_NAME", "n")
			e.Setenv("GIT_AUTHOR_EMAIL", "n@example.com")
			e.Setenv("GIT_COMMITTER_NAME", "n")
			e.Setenv("GIT_COMMITTER_EMAIL", "n@example.com")
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(e.WorkDir))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"secret":  writeSecret,
			"inflate": inflate,
			"tabs":    tabs,
			"link":    link,
			"exits":   exits,
			"occupy":  occupy,
		},
	})
}

func writeSecret(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: secret FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("key: AKIA"+"ABCDEFGHIJKLMNOP\n"), 0o600))
}

// inflate appends a comment of that many bytes.
func inflate(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: inflate FILE BYTES")
	}
	n := 0
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = file.WriteString("# " + strings.Repeat("x", n) + "\n")
	ts.Check(err)
	ts.Check(file.Close())
}

// tabs turns the indentation of a file into tabs.
func tabs(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: tabs FILE")
	}
	path := ts.MkAbs(args[0])
	body, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(string(body), "\n  ", "\n\t")), 0o600))
}

// link makes a folder for PATH that holds these programs and no others.
func link(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: link DIR PROGRAM...")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for _, name := range args[1:] {
		found := ""
		for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
			if _, err := os.Stat(filepath.Join(folder, name)); err == nil && found == "" {
				found = filepath.Join(folder, name)
			}
		}
		ts.Check(os.Symlink(found, filepath.Join(dir, name)))
	}
}

// exits runs a command that must end with that exit code, by its own will: a panic ends with 2 as well.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if said := ts.ReadFile("stderr"); strings.Contains(said, "goroutine ") {
		ts.Fatalf("it panicked: %s", said)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d, want %s: %s", got, args[0], ts.ReadFile("stderr"))
	}
}

// occupy listens on a port and puts its number into a variable.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: occupy VARIABLE")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	ts.Setenv(args[0], fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
}
