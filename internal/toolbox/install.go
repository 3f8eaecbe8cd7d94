package toolbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Step is one tool of an installation and whether there is anything to do.
type Step struct {
	Tool   Definition
	Key    string
	Place  string // the tool's own folder
	Reason string // why it must be installed; empty when it is there as pinned
}

// Plan lists the tools called only (all when empty) and those that they need, in the order of tools.yaml. It runs nothing.
func (t *Toolbox) Plan(only []string) ([]Step, error) {
	wanted := map[string]bool{}
	var want func(names []string) error
	want = func(names []string) error {
		for _, name := range names {
			tool, err := t.Definitions.Tool(name)
			if err != nil {
				return err
			}
			if wanted[name] {
				continue
			}
			wanted[name] = true
			if err := want(tool.Source.tools()); err != nil {
				return err
			}
		}
		return nil
	}
	if len(only) == 0 {
		for _, tool := range t.Definitions.Tools {
			only = append(only, tool.Name)
		}
	}
	if err := want(only); err != nil {
		return nil, err
	}
	var steps []Step
	for _, tool := range t.Definitions.Tools {
		if !wanted[tool.Name] {
			continue
		}
		step, err := t.step(tool)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func (t *Toolbox) step(tool Definition) (Step, error) {
	key, err := t.key(tool)
	if err != nil {
		return Step{}, err
	}
	step := Step{Tool: tool, Key: key, Place: t.place(tool, key)}
	if err := t.check(tool, key, step.Place); err != nil {
		step.Reason = err.Error()
		return step, nil
	}
	for link := range tool.Links {
		if !t.linkIsRight(tool, step.Place, link) {
			step.Reason = fmt.Sprintf("%s does not lead to %s %s", link, tool.Name, tool.Version)
		}
	}
	return step, nil
}

// Install brings the tools called only (all when empty) into Folder and returns the names of those that it changed. Nothing
// half-installed is ever visible: a tool is built aside, asked for its version, and renamed. Several may install at once.
func (t *Toolbox) Install(ctx context.Context, only []string) ([]string, error) {
	steps, err := t.Plan(only)
	if err != nil {
		return nil, err
	}
	if len(pending(steps)) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(t.Folder, 0o755); err != nil {
		return nil, fmt.Errorf("folder of tools: %w: make it writable or set FLEET_TOOLS", err)
	}
	unlock, err := t.lock(ctx, t.Folder)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if steps, err = t.Plan(only); err != nil { // whoever held the lock may have done it
		return nil, err
	}
	todo := pending(steps)
	if err := t.checkNeeds(ctx, todo); err != nil {
		return nil, err
	}
	if err := t.installAll(ctx, todo); err != nil {
		return nil, err
	}
	var names []string
	for _, step := range todo {
		names = append(names, step.Tool.Name)
	}
	return names, nil
}

func pending(steps []Step) []Step {
	var todo []Step
	for _, step := range steps {
		if step.Reason != "" {
			todo = append(todo, step)
		}
	}
	return todo
}

// installAll installs side by side, each tool after those that it needs.
func (t *Toolbox) installAll(ctx context.Context, todo []Step) error {
	aside := filepath.Join(t.Folder, "tmp")
	if err := os.RemoveAll(aside); err != nil { // what an interrupted install left: we hold the lock
		return fmt.Errorf("clean %s: %w: remove it", aside, err)
	}
	defer os.RemoveAll(aside)
	done := map[string]chan struct{}{}
	for _, step := range todo {
		done[step.Tool.Name] = make(chan struct{})
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, step := range todo {
		group.Go(func() error {
			for _, needed := range step.Tool.Source.tools() {
				if ready, ok := done[needed]; ok {
					select {
					case <-ready:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			}
			started := time.Now()
			if err := t.installOne(ctx, aside, step); err != nil {
				return fmt.Errorf("install %s %s: %w", step.Tool.Name, step.Tool.Version, err)
			}
			fmt.Fprintf(t.Progress, "installed %s %s (%.1f s)\n", step.Tool.Name, step.Tool.Version, time.Since(started).Seconds())
			close(done[step.Tool.Name])
			return nil
		})
	}
	return group.Wait()
}

func (t *Toolbox) installOne(ctx context.Context, aside string, step Step) error {
	if t.check(step.Tool, step.Key, step.Place) != nil {
		folder := filepath.Join(aside, step.Tool.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := t.bring(ctx, step.Tool, folder); err != nil {
			return err
		}
		if err := t.ask(ctx, step.Tool, folder); err != nil {
			return err
		}
		if err := settle(step, folder); err != nil {
			return err
		}
	}
	for link := range step.Tool.Links {
		if err := t.link(step.Tool, step.Place, link); err != nil {
			return err
		}
	}
	return t.prune(step)
}

// bring fills folder with the tool.
func (t *Toolbox) bring(ctx context.Context, tool Definition, folder string) error {
	switch source := tool.Source; {
	case source.Pip != "":
		return t.bringByPip(ctx, source, folder)
	case source.UV != "":
		return t.bringByUV(ctx, source, folder)
	case source.NPMLock != "":
		return t.bringByLock(ctx, source, folder)
	case source.NPM != nil:
		return t.bringFiles(ctx, *source.NPM, folder)
	case source.Script != nil:
		return t.bringScript(ctx, *source.Script, folder)
	case source.Registry != "":
		return t.bringRegistry(ctx, source, folder)
	default:
		return errors.New("tools.yaml names no source: correct it")
	}
}

// ask runs the tool and compares the version that it names.
func (t *Toolbox) ask(ctx context.Context, tool Definition, folder string) error {
	if len(tool.Ask) == 0 {
		return nil
	}
	program := filepath.Join(folder, t.target(tool, tool.Ask[0]))
	output, err := t.command(ctx, folder, program, tool.Ask[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("it does not start: %w: %s", err, lastLines(output, 3))
	}
	if !strings.Contains(string(output), tool.Version) {
		return fmt.Errorf("it says that it is %q, want %s: correct tools.yaml or its lock", strings.TrimSpace(string(output)), tool.Version)
	}
	return nil
}

// settle stamps a finished folder and renames it into its place.
func settle(step Step, folder string) error {
	body, err := json.Marshal(stamp{Name: step.Tool.Name, Version: step.Tool.Version, Key: step.Key})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, stampFile), append(body, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(step.Place), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(step.Place); err != nil {
		return err
	}
	return os.Rename(folder, step.Place)
}

// prune removes other versions of the tool.
func (t *Toolbox) prune(step Step) error {
	store := filepath.Dir(step.Place)
	entries, err := os.ReadDir(store)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		key, ok := strings.CutPrefix(entry.Name(), step.Tool.Name+"-")
		if ok && len(key) == 12 && filepath.Join(store, entry.Name()) != step.Place {
			if err := os.RemoveAll(filepath.Join(store, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// lock waits until no other process works in folder.
func (t *Toolbox) lock(ctx context.Context, folder string) (unlock func(), err error) {
	name := filepath.Join(folder, "lock")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w: make the folder writable", err)
	}
	for waiting := false; ; waiting = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("lock: %s: %w: use a folder on a local disk", name, err)
		}
		if !waiting {
			fmt.Fprintln(t.Progress, "waiting for another process that works in", folder)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		}
	}
}
