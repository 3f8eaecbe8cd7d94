package cleanse

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed rewrite.py
var driver []byte

// FilterRepo is the name under which the toolbox knows the Python that has git-filter-repo.
const FilterRepo = "filter-repo-python"

// Refs of the repository in which git-filter-repo works: the last commits to rewrite, and those at which it stops.
const (
	tipRefs  = "refs/fleet/tips/"
	baseRefs = "refs/fleet/base/"
)

// description is what rewrite.py reads. Texts that may be any bytes are in base64, as encoding/json writes []byte.
type description struct {
	Blobs map[string]string      `json:"blobs"`
	Names map[string][]byte      `json:"names"` // the old name in base64 too
	Noted map[string]string      `json:"noted"`
	Notes []string               `json:"notes"`
	Texts map[string]commitTexts `json:"texts"`
}

type commitTexts struct {
	Author    [2][]byte `json:"author"` // name, address
	Committer [2][]byte `json:"committer"`
	Message   []byte    `json:"message"`
}

// nameAndAddress of a person line, as git-filter-repo splits it.
var nameAndAddress = regexp.MustCompile(`(?s)^(.*?) <(.*?)> `)

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func parted(line []byte) (both [2][]byte) {
	if parts := nameAndAddress.FindSubmatch(line); parts != nil {
		both[0], both[1] = parts[1], parts[2]
	}
	return both
}

// describe tells git-filter-repo what to do.
func (e *expectation) describe() description {
	d := description{Blobs: e.blobs, Names: map[string][]byte{}, Noted: e.noted, Notes: []string{}, Texts: map[string]commitTexts{}}
	for old, renamed := range e.names {
		d.Names[encode(old)] = []byte(renamed)
	}
	for id := range e.h.notes {
		d.Notes = append(d.Notes, id)
	}
	slices.Sort(d.Notes)
	for id, text := range e.texts {
		d.Texts[id] = commitTexts{parted(text.author), parted(text.committer), text.message}
	}
	return d
}

// rewrite has git-filter-repo rewrite the commits in dir, a bare repository that sees the objects of the mirror, and believes it only if
// every commit became what was expected. Then it gives dir the refs of the new history.
func (c *Cleansing) rewrite(ctx context.Context, dir string, e *expectation, refs []ref) error {
	tips, bases := e.ends()
	if err := e.formless(); err != nil {
		return err
	}
	if len(tips) > 0 {
		if err := c.filter(ctx, dir, e, tips, bases); err != nil {
			return err
		}
	}
	if err := e.writeOthers(dir); err != nil {
		return err
	}
	var commands strings.Builder
	for _, r := range refs {
		fmt.Fprintf(&commands, "create %s %s\n", r.name, r.id)
	}
	if _, err := c.git(ctx, dir, strings.NewReader(commands.String()), "update-ref", "--stdin"); err != nil {
		return err
	}
	return setHead(dir, e.h.head)
}

// writeOthers writes what git fast-export passes over: tags of all kinds, and trees to which no commit leads.
func (e *expectation) writeOthers(dir string) error {
	var write func(id string) error
	write = func(id string) error {
		body, ok := e.made[id]
		if !ok {
			return nil
		}
		inside, err := entries(body, len(id)/2)
		for _, x := range inside {
			if x.mode == modeTree && err == nil {
				err = write(x.id)
			}
		}
		if err == nil {
			_, err = writeObject(dir, "tree", body, id)
		}
		return err
	}
	for old, id := range e.tags {
		if old == id {
			continue
		}
		if _, err := writeObject(dir, "tag", e.made[id], id); err != nil {
			return err
		}
		headers, _ := split(e.made[id])
		if headers[1].value != "tree" { // object, type, tag
			continue
		}
		if err := write(headers[0].value); err != nil {
			return err
		}
	}
	for _, r := range e.h.refs {
		if err := write(e.trees[r.id]); err != nil {
			return err
		}
	}
	return nil
}

// ends are the commits that are rewritten and have no child, and those that stay and have one that is rewritten.
func (e *expectation) ends() (tips, bases []string) {
	parents, stay := map[string]bool{}, map[string]bool{}
	for _, id := range e.h.order {
		if e.lines[id] == id {
			continue
		}
		headers, _ := split(e.h.commits[id])
		for _, line := range headers {
			if line.key == "parent" {
				parents[line.value] = true
				stay[line.value] = e.lines[line.value] == line.value
			}
		}
	}
	for _, id := range e.h.order {
		switch {
		case e.lines[id] != id && !parents[id]:
			tips = append(tips, id)
		case stay[id]:
			bases = append(bases, id)
		}
	}
	return tips, bases
}

// formless names a commit to rewrite with an author or committer that git-filter-repo cannot read.
func (e *expectation) formless() error {
	for _, id := range e.h.order {
		if e.lines[id] == id {
			continue
		}
		headers, _ := split(e.h.commits[id])
		for _, line := range headers {
			if (line.key == "author" || line.key == "committer") && !nameAndAddress.MatchString(line.value) {
				return fmt.Errorf("commit %s has a line %q that is not of the form \"name <address> time zone\", which git-filter-repo cannot carry: "+
					"nothing was changed; git cat-file -p %s shows it", id, line.key, id)
			}
		}
	}
	return nil
}

func (c *Cleansing) filter(ctx context.Context, dir string, e *expectation, tips, bases []string) error {
	located, err := c.Locate(FilterRepo)
	if err != nil {
		return err
	}
	var commands strings.Builder
	for _, id := range tips {
		fmt.Fprintf(&commands, "create %s%s %s\n", tipRefs, id, id)
	}
	for _, id := range bases {
		fmt.Fprintf(&commands, "create %s%s %s\n", baseRefs, id, id)
	}
	if _, err := c.git(ctx, dir, strings.NewReader(commands.String()), "update-ref", "--stdin"); err != nil {
		return err
	}
	body, err := json.Marshal(e.describe())
	if err != nil {
		return err
	}
	program, input := filepath.Join(c.folder, "rewrite.py"), filepath.Join(c.folder, "description.json")
	if err := errors.Join(os.WriteFile(program, driver, 0o600), os.WriteFile(input, body, 0o600)); err != nil {
		return fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	err = c.shorten(c.Runner.Run(ctx, Command{
		Program: located.Path, Args: []string{"-I", program, input, located.Version}, Dir: dir, Stdout: io.Discard,
		Env: append(environment(), "HOME="+c.folder, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull),
	}))
	var failed *Failure
	if errors.As(err, &failed) && failed.Code == 3 {
		return fmt.Errorf("%s: run fleet tools install --only git-filter-repo; nothing was changed", failed.Stderr)
	}
	if err != nil {
		return c.clean(fmt.Errorf("git-filter-repo: %w: nothing was changed", err))
	}
	if err := e.compare(filepath.Join(dir, "filter-repo", "commit-map")); err != nil {
		return err
	}
	return c.dropWorkRefs(ctx, dir)
}

// compare holds what git-filter-repo made of every commit against what was expected.
func (e *expectation) compare(mapFile string) error {
	body, err := os.ReadFile(mapFile)
	if err != nil {
		return fmt.Errorf("git-filter-repo left no map of commits: %w: nothing was changed", err)
	}
	made := map[string]string{}
	for line := range strings.SplitSeq(string(body), "\n") {
		if words := strings.Fields(line); len(words) == 2 {
			made[words[0]] = words[1]
		}
	}
	for _, id := range e.h.order {
		if e.lines[id] != id && made[id] != e.lines[id] {
			return fmt.Errorf("commit %s would change in more than its secret: git fast-export cannot carry all of its fields: "+
				"nothing was changed; git cat-file -p %s shows what is unusual in it", id, id)
		}
	}
	return nil
}

func (c *Cleansing) dropWorkRefs(ctx context.Context, dir string) error {
	refs, err := c.refs(ctx, dir)
	if err != nil {
		return err
	}
	var commands strings.Builder
	for _, r := range refs {
		fmt.Fprintf(&commands, "delete %s\n", r.name)
	}
	_, err = c.git(ctx, dir, strings.NewReader(commands.String()), "update-ref", "--stdin")
	return err
}

// setHead writes the default branch without an argument that could hold a secret.
func setHead(dir, head string) error {
	if head == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: "+head+"\n"), 0o600); err != nil {
		return fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	return nil
}
