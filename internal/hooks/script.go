package hooks

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const mark = "# Written by fleet hooks install, removed by fleet hooks uninstall. Changes are lost."

// scripts are the files of the hooks: those that check, and those that only pass on to one that existed.
func scripts(top string, in Installation) map[string]string {
	files := map[string]string{}
	for _, name := range Names() {
		files[name] = checking(name, in)
	}
	for _, name := range passedOn {
		if executable(filepath.Join(absolute(top, in.Before), name)) {
			files[name] = passing(name, in)
		}
	}
	return files
}

func checking(name string, in Installation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\n%s\nfleet=%s\n", mark, quote(in.Program))
	fmt.Fprintf(&b, "if [ ! -x \"$fleet\" ]; then\n  echo \"fleet: %s: $fleet is gone, so nothing was checked: build it again (make build), or run fleet hooks install with another\" >&2\n  exit 2\nfi\n", name)
	if in.Tools != "" {
		fmt.Fprintf(&b, "export FLEET_TOOLS=%s\n", quote(in.Tools))
	}
	fmt.Fprintf(&b, "exec \"$fleet\" hooks run --settings %s --catalog %s --before %s %s -- \"$@\"\n", quote(in.Settings), quote(in.Catalog), quote(in.Before), name)
	return b.String()
}

func passing(name string, in Installation) string {
	return fmt.Sprintf("#!/bin/sh\n%s\nhook=%s\n[ -x \"$hook\" ] || exit 0\nexec \"$hook\" \"$@\"\n", mark, quote(in.Before+"/"+name))
}

// quote makes one word of a shell script.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// isOurs tells our scripts from those that others put beside them.
func isOurs(path string) bool {
	body, err := os.ReadFile(path)
	return err == nil && bytes.Contains(body, []byte("\n"+mark+"\n"))
}
