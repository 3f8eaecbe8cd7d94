package secrets

import (
	"context"
	"fmt"
	"strings"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
)

// Selection is a part of a repository: what a hook is asked about. Paths of its findings are relative to the top of the repository.
type Selection struct {
	GitDir string  // the repository itself, or the private folder of one of its worktrees
	Ranges []Range // objects
	Texts  []Text  // what is no object yet
	Cure   string  // of findings: what to do before the secret has left this machine
}

// Range is every object that is reachable from one of Tips and not from one of Known. Both are object ids, or what git rev-list takes for
// one, such as --remotes=origin; a tree counts as well as a commit.
type Range struct {
	Tips  []string
	Known []string
}

// Text is a message or a name.
type Text struct {
	Kind string // "message" or "ref"
	Body []byte
}

// runSelection scans only what o.Selection names. The tool, the patterns and the proof of life are those of Run.
func runSelection(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "git-secrets", Tool: tools(""), Unit: "objects"}
	located, err := o.Locate("git-secrets")
	if err != nil {
		return check, nil, err
	}
	check.Tool = tools(located.Version)
	repo := &repository{dir: o.Selection.GitDir, root: o.Selection.GitDir, gitDir: o.Selection.GitDir}
	var counts tally
	known := clean{memory: o.Memory}
	findings, err := examine(ctx, o, located.Path, repo, func(out *corpus) (err error) {
		counts, err = repo.readSelection(ctx, o.Selection, out, &known)
		return err
	}, &known)
	for i := range findings {
		if o.Selection.Cure != "" && findings[i].Rule != "UNREADABLE" {
			findings[i].Cure = o.Selection.Cure
		}
	}
	check.Counted = counts.total() + known.skipped + len(o.Selection.Texts)
	check.Detail = fmt.Sprintf("%d commits, %d blobs, %d trees, %d tags, %d texts; %d objects found clean before; %d patterns",
		counts["commit"], counts["blob"], counts["tree"], counts["tag"], len(o.Selection.Texts), known.skipped, len(house()))
	return check, findings, err
}

// readSelection writes the objects and texts into the corpus, but for blobs and trees known to be clean.
func (r *repository) readSelection(ctx context.Context, s *Selection, out *corpus, known *clean) (tally, error) {
	var objects []object
	seen := map[string]bool{}
	for _, part := range s.Ranges {
		listed, err := r.listRange(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, o := range listed {
			if !seen[o.id] {
				seen[o.id] = true
				objects = append(objects, o)
			}
		}
	}
	counts := tally{}
	if objects = known.skip(objects); len(objects) > 0 {
		var err error
		if counts, err = r.load(ctx, objects, out); err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.kind == "commit" || o.kind == "tag" {
				r.tips = append(r.tips, o.id)
			}
		}
	}
	for _, text := range s.Texts {
		if err := out.add(object{kind: text.Kind}, text.Body); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// listRange names the objects of a range. A tip is always among them, so that a range of nothing new still looked at something.
func (r *repository) listRange(ctx context.Context, part Range) ([]object, error) {
	args := []string{"rev-list", "--objects", "--stdin"}
	var ask strings.Builder
	var objects []object
	for _, tip := range part.Tips {
		fmt.Fprintln(&ask, tip)
		objects = append(objects, object{id: tip, tip: true})
	}
	for _, known := range part.Known {
		if strings.HasPrefix(known, "--") { // before git 2.42 no option was taken from standard input
			args = append(args, "--not", known, "--not")
			continue
		}
		fmt.Fprintln(&ask, "^"+known)
	}
	listed, err := r.git(ctx, []byte(ask.String()), args...)
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(listed), "\n") {
		if id, path, named := strings.Cut(line, " "); id != "" { // only trees and blobs have a name, if an empty one
			objects = append(objects, object{id: id, path: path, tip: !named})
		}
	}
	return objects, nil
}
