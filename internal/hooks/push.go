package hooks

import (
	"context"
	"fmt"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/secrets"
	"accountfleet/internal/snapshot"
)

const curePush = "it has not left this machine by this push: rewrite the commits or the tag that bring it (git commit --amend, git rebase --interactive), then push again; revoke it if anybody else has seen it"

// update is one ref that a push changes.
type update struct{ local, id, remote, old string }

// push checks every object that the remote would receive, and the catalog on the pipeline's branch as Alpha will.
func (o Options) push(ctx context.Context, r *snapshot.Repository, settings *config.Settings, input []byte) error {
	remote := "origin"
	if len(o.Args) > 0 {
		remote = o.Args[0]
	}
	updates, err := parse(string(input))
	if err != nil {
		return err
	}
	if name := o.Getenv("PRE_COMMIT_REMOTE_NAME"); name != "" && len(updates) == 0 {
		remote = name
		if updates, err = everything(ctx, r); err != nil {
			return err
		}
	}
	selection := &secrets.Selection{GitDir: r.Dir, Cure: curePush}
	tip := ""
	for _, u := range updates {
		if zero(u.id) {
			continue // a deletion brings nothing
		}
		part := secrets.Range{Tips: []string{u.id}, Known: []string{"--remotes=" + remote}}
		if _, err := r.Git(ctx, nil, "cat-file", "-e", u.old); !zero(u.old) && err == nil {
			part.Known = []string{u.old} // what the remote says now is worth more than what it said once
		}
		selection.Ranges = append(selection.Ranges, part)
		selection.Texts = append(selection.Texts, secrets.Text{Kind: "ref", Body: []byte(u.local + "\n" + u.remote + "\n")})
		if u.remote == "refs/heads/"+settings.Source.Branch {
			tip = u.id
		}
	}
	switch {
	case len(selection.Ranges) == 0:
		fmt.Fprintf(o.Err, "fleet: %s: this push brings nothing to look at\n", o.Hook)
		return nil
	case tip == "":
		return o.judge(ctx, gate.Options{Settings: settings, Only: []string{gate.Secrets}, Selection: selection}, "", "")
	}
	tree, err := r.Tree(ctx, tip)
	if err != nil {
		return err
	}
	return o.content(ctx, r, settings, tree, selection)
}

// parse reads git's lines: <local ref> <local id> <remote ref> <remote id>.
func parse(input string) ([]update, error) {
	var updates []update
	for _, line := range strings.Split(strings.TrimRight(input, "\n"), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case len(words) < 4:
			return nil, fmt.Errorf("git said %q, want <local ref> <local id> <remote ref> <remote id>", line)
		default: // the first may be an expression with spaces, such as HEAD^{/some words}
			n := len(words)
			updates = append(updates, update{strings.Join(words[:n-3], " "), words[n-3], words[n-2], words[n-1]})
		}
	}
	return updates, nil
}

// everything stands in for the lines where the pre-commit framework has read them: it tells only the first ref that is pushed, so all
// that could be pushed is looked at.
func everything(ctx context.Context, r *snapshot.Repository) ([]update, error) {
	listed, err := r.Git(ctx, nil, "for-each-ref", "--format=%(refname) %(objectname) %(refname) 0", "refs/heads", "refs/tags")
	if err != nil {
		return nil, err
	}
	updates, err := parse(listed)
	if err != nil {
		return nil, err
	}
	head, err := r.Git(ctx, nil, "rev-parse", "--verify", "HEAD")
	if err != nil {
		return nil, err
	}
	return append(updates, update{"HEAD", head, "HEAD", "0"}), nil
}

func zero(id string) bool { return strings.Trim(id, "0") == "" }
