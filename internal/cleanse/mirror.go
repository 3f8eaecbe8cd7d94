package cleanse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mirror makes a full copy of a remote, or of a bundle, with all refs and nothing that no ref leads to.
func (c *Cleansing) mirror(ctx context.Context, source, name string) (string, error) {
	dir := filepath.Join(c.folder, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	_, err := c.git(ctx, c.folder, nil, "clone", "--quiet", "--mirror", "--no-local", "--template=", "--", source, dir)
	if err != nil {
		return "", c.unreachable(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "shallow")); err == nil {
		return "", fmt.Errorf("%s is a shallow repository, so its history is not complete, and a push after a rewrite would cut it off: "+
			"git fetch --unshallow there, or name the full repository by --remote; nothing was changed", c.address())
	}
	refs, err := c.refs(ctx, dir)
	if err == nil && len(refs) == 0 {
		err = fmt.Errorf("%s is empty: there is nothing to cleanse", c.address())
	}
	return dir, err
}

// unreachable says what a failed clone means.
func (c *Cleansing) unreachable(err error) error {
	var failed *Failure
	if !errors.As(err, &failed) {
		return err
	}
	text := failed.Stderr
	switch {
	case strings.Contains(text, "does not appear to be a git repository"), strings.Contains(text, "not found"), strings.Contains(text, "does not exist"):
		return fmt.Errorf("%s is no git repository, or you may not read it: name one by --remote; nothing was changed", c.address())
	case strings.Contains(text, "promisor"), strings.Contains(text, "partial clone"), strings.Contains(text, "lazy fetch"):
		return fmt.Errorf("%s is a partial clone, which lacks objects: name the full repository by --remote; nothing was changed", c.address())
	case strings.Contains(text, "could not read Username"), strings.Contains(text, "Authentication failed"), strings.Contains(text, "Permission denied"):
		return fmt.Errorf("%s: no permission to read: set up git's credentials for it (git ls-remote must work); nothing was changed", c.address())
	}
	return err
}

// remoteRefs asks the remote for its refs as they are now.
func (c *Cleansing) remoteRefs(ctx context.Context) (map[string]string, error) {
	listed, err := c.git(ctx, c.folder, nil, "ls-remote", "--", c.Remote)
	if err != nil {
		return nil, err
	}
	now := map[string]string{}
	for _, r := range parseRefs(listed, "\t") {
		if strings.HasPrefix(r.name, "refs/") && !strings.HasSuffix(r.name, "^{}") { // else it is HEAD, or what a tag leads to
			now[r.name] = r.id
		}
		if r.name == "HEAD" {
			c.remoteHead = r.id
		}
	}
	return now, nil
}

// Examine looks at the folder that fleet cleanse is called in, and gives the address to cleanse: that of its remote. Warnings are about
// what stays as it is there. The folder is never changed.
func Examine(ctx context.Context, folder, remote string) (address string, warnings []string, err error) {
	c, err := open(Options{})
	if err != nil {
		return "", nil, err
	}
	defer c.close()
	answer, err := c.git(ctx, folder, nil, "rev-parse", "--is-shallow-repository", "--is-bare-repository")
	if err != nil {
		return "", nil, fmt.Errorf("%s is no git repository: go to a clone of the one to cleanse, or name that by --remote ADDRESS; nothing was changed", folder)
	}
	if strings.HasPrefix(answer, "true") {
		return "", nil, fmt.Errorf("%s is a shallow clone: it cannot tell what the history holds: git fetch --unshallow, or name the remote repository "+
			"by its address (--remote ADDRESS); nothing was changed", folder)
	}
	if filter, err := c.git(ctx, folder, nil, "config", "--get-regexp", `^(extensions\.partialclone|remote\..*\.promisor)$`); err == nil && filter != "" {
		return "", nil, fmt.Errorf("%s is a partial clone, which lacks objects: name the remote repository by its address (--remote ADDRESS); "+
			"nothing was changed", folder)
	}
	if address, err = c.git(ctx, folder, nil, "remote", "get-url", "--push", remote); err != nil {
		return "", nil, fmt.Errorf("%s has no remote %s: name the repository to cleanse by --remote ADDRESS; nothing was changed", folder, remote)
	}
	if isPath := !strings.Contains(address, ":"); isPath && !filepath.IsAbs(address) { // git takes it from the top of the clone
		top, err := c.git(ctx, folder, nil, "rev-parse", "--show-toplevel")
		if err != nil {
			top = folder
		}
		if address, err = filepath.Abs(filepath.Join(top, address)); err != nil {
			return "", nil, err
		}
	}
	if changed, err := c.git(ctx, folder, nil, "status", "--porcelain"); err == nil && changed != "" {
		warnings = append(warnings, "changes in "+folder+" that are not committed stay as they are, and are not searched: carry them to a new clone as a patch")
	}
	if _, err := c.git(ctx, folder, nil, "rev-parse", "--verify", "--quiet", "refs/stash"); err == nil {
		warnings = append(warnings, "stashes of "+folder+" stay as they are and may hold the secret: git stash clear removes them")
	}
	return address, warnings, nil
}
