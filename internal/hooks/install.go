package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/snapshot"
)

// Names below the private git folder.
const (
	folderName = "fleet-hooks"
	recordName = "installed.json"
)

// Installation says how hooks are to be run. All paths are absolute.
type Installation struct {
	Program  string `json:"program"`            // the fleet command
	Settings string `json:"settings"`           // fleet.yaml
	Catalog  string `json:"catalog,omitempty"`  // folder of the catalog below the top of the repository; default: where products/ is
	Tools    string `json:"tools,omitempty"`    // $FLEET_TOOLS; default: as the command finds them
	Previous string `json:"previous,omitempty"` // the repository's core.hooksPath before, as it was written
	Before   string `json:"before"`             // folder of the hooks that ran before, and still do
}

// Install sets core.hooksPath of the repository around folder, for all its worktrees. Installing again renews what is there.
func Install(ctx context.Context, folder string, in Installation) (Installation, error) {
	r, err := snapshot.Open(ctx, folder)
	if err != nil {
		return in, err
	}
	if err := in.usable(); err != nil {
		return in, err
	}
	ours := filepath.Join(r.Common, folderName)
	if in.Previous, in.Before, err = before(ctx, r, ours); err != nil {
		return in, err
	}
	if err := write(ours, r.Top, in); err != nil {
		return in, fmt.Errorf("write hooks: %w", err)
	}
	if _, err := snapshot.Plain(ctx, r.Top, "config", "--local", "core.hooksPath", ours); err != nil {
		return in, err
	}
	if now, err := effective(ctx, r.Top); err != nil || now != ours {
		_, undone := Uninstall(ctx, folder)
		return in, errors.Join(fmt.Errorf("core.hooksPath is %s here, set where it comes before the repository's: git config --show-origin core.hooksPath tells where; unset it, then install again", now), err, undone)
	}
	return in, nil
}

// usable refuses an installation that would stop working at once.
func (in Installation) usable() error {
	info, err := os.Stat(in.Program)
	switch {
	case err != nil:
		return fmt.Errorf("program of the hooks: %w: build it (make build)", err)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fmt.Errorf("program of the hooks: %s cannot be run: build it (make build)", in.Program)
	case strings.Contains(in.Program, string(filepath.Separator)+"go-build") && strings.HasSuffix(filepath.Dir(in.Program), "exe"):
		return fmt.Errorf("program of the hooks: %s is removed when go run ends: build the command (make build) and install with that", in.Program)
	}
	return nil
}

// before finds the hooks that run now: the folder, and what the repository's own configuration says. Our own folder is never its own
// predecessor.
func before(ctx context.Context, r *snapshot.Repository, ours string) (previous, folder string, err error) {
	if record, err := read(ours); err == nil {
		return record.Previous, record.Before, nil
	}
	previous, err = setting(ctx, r.Top, "--local", "core.hooksPath")
	if err != nil {
		return "", "", err
	}
	folder, err = effective(ctx, r.Top)
	if err != nil {
		return "", "", err
	}
	if previous == ours {
		previous = ""
	}
	if folder == ours || folder == "" {
		folder = filepath.Join(r.Common, "hooks")
	}
	return previous, folder, nil
}

// effective is core.hooksPath as git understands it; empty where it is not set.
func effective(ctx context.Context, top string) (string, error) {
	return setting(ctx, top, "--type=path", "core.hooksPath")
}

// setting reads one value; empty where it is not set.
func setting(ctx context.Context, top, option, key string) (string, error) {
	value, err := snapshot.Plain(ctx, top, "config", option, "--get", key)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil
	}
	return value, err
}

// write makes the folder of hooks anew. Files of others in it are kept.
func write(ours, top string, in Installation) error {
	if err := os.MkdirAll(ours, 0o755); err != nil {
		return err
	}
	for _, name := range passedOn {
		if path := filepath.Join(ours, name); isOurs(path) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, body := range scripts(top, in) {
		path := filepath.Join(ours, name)
		if err := os.WriteFile(path, []byte(body), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
	}
	body, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(ours, recordName), append(body, '\n'), 0o644)
}

// read gives the record of an installation.
func read(ours string) (Installation, error) {
	var in Installation
	body, err := os.ReadFile(filepath.Join(ours, recordName))
	if err != nil {
		return in, err
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, fmt.Errorf("%s: %w: install again", filepath.Join(ours, recordName), err)
	}
	return in, nil
}

// Uninstall takes our hooks away and puts back what was set before. It reports what it did; nothing where no hooks of ours are.
func Uninstall(ctx context.Context, folder string) (string, error) {
	r, err := snapshot.Open(ctx, folder)
	if err != nil {
		return "", err
	}
	ours := filepath.Join(r.Common, folderName)
	in, err := read(ours)
	if errors.Is(err, fs.ErrNotExist) {
		return "no hooks of fleet are installed here", nil
	}
	if err != nil {
		return "", err
	}
	now, err := setting(ctx, r.Top, "--local", "core.hooksPath")
	if err != nil {
		return "", err
	}
	if now == ours {
		if err := restore(ctx, r, in); err != nil {
			return "", err
		}
	}
	if err := giveBack(ours, r.Top, in); err != nil {
		return "", err
	}
	if err := os.RemoveAll(ours); err != nil {
		return "", fmt.Errorf("remove hooks: %w", err)
	}
	return "hooks are those of " + in.Before + " again", nil
}

// restore sets core.hooksPath of the repository to what it was.
func restore(ctx context.Context, r *snapshot.Repository, in Installation) error {
	args := []string{"config", "--local", "--unset-all", "core.hooksPath"}
	if in.Previous != "" {
		args = []string{"config", "--local", "core.hooksPath", in.Previous}
	}
	_, err := snapshot.Plain(ctx, r.Top, args...)
	return err
}

// giveBack moves hooks that somebody else put into our folder, as git lfs install does, to where they would have gone without us.
func giveBack(ours, top string, in Installation) error {
	entries, err := os.ReadDir(ours)
	if err != nil {
		return fmt.Errorf("remove hooks: %w", err)
	}
	for _, e := range entries {
		from, to := filepath.Join(ours, e.Name()), filepath.Join(absolute(top, in.Before), e.Name())
		if e.Name() == recordName || isOurs(from) {
			continue
		}
		if _, err := os.Lstat(to); err == nil {
			return fmt.Errorf("remove hooks: %s is none of ours, and %s exists: keep one of them, then uninstall again", from, to)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to)); err != nil {
			return fmt.Errorf("remove hooks: %w", err)
		}
	}
	return nil
}

// Status says what is wrong with the hooks of the repository around folder. Without an installation it is fs.ErrNotExist.
func Status(ctx context.Context, folder string) (Installation, []string, error) {
	r, err := snapshot.Open(ctx, folder)
	if err != nil {
		return Installation{}, nil, err
	}
	ours := filepath.Join(r.Common, folderName)
	in, err := read(ours)
	if err != nil {
		return in, nil, err
	}
	var wrong []string
	now, err := effective(ctx, r.Top)
	if err != nil {
		return in, nil, err
	}
	if now != ours {
		wrong = append(wrong, fmt.Sprintf("git looks for hooks in %q, not in %s: fleet hooks install", now, ours))
	}
	if err := in.usable(); err != nil {
		wrong = append(wrong, err.Error())
	}
	expected := scripts(r.Top, in)
	for _, name := range slices.Concat(Names(), passedOn) {
		want, ok := expected[name]
		if !ok {
			continue
		}
		path := filepath.Join(ours, name)
		body, err := os.ReadFile(path)
		if err != nil || string(body) != want || !executable(path) {
			wrong = append(wrong, name+" is missing or was changed: fleet hooks install")
		}
	}
	return in, wrong, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func absolute(top, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(top, path)
}
