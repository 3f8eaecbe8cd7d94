package cleanse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// bundle packs every ref of a repository into the store, and believes it only after it was cloned back and holds the same refs and objects.
func (c *Cleansing) bundle(ctx context.Context, dir, id, name string) (digest string, err error) {
	file := filepath.Join(c.folder, name)
	if _, err := c.git(ctx, dir, nil, "bundle", "create", "--quiet", file, "--all"); err != nil {
		return "", err
	}
	if digest, err = digestOf(file); err != nil {
		return "", err
	}
	body, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	defer body.Close()
	if err := c.Store.Put(ctx, path.Join(id, name), body); err != nil {
		return "", c.clean(err)
	}
	if err := os.Remove(file); err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	back, err := c.unbundle(ctx, id, name, digest, "back")
	if err != nil {
		return "", err
	}
	if err := c.same(ctx, dir, back); err != nil {
		return "", err
	}
	return digest, os.RemoveAll(back)
}

// unbundle gets a bundle from the store and makes a repository of it.
func (c *Cleansing) unbundle(ctx context.Context, id, name, digest, dir string) (string, error) {
	file := filepath.Join(c.folder, name)
	source, err := c.Store.Get(ctx, path.Join(id, name))
	if err != nil {
		return "", c.clean(fmt.Errorf("bundle of %s: %w", id, err))
	}
	defer source.Close()
	target, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Close()); err != nil {
		return "", fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	got, err := digestOf(file)
	if err != nil {
		return "", err
	}
	if digest != got {
		return "", fmt.Errorf("bundle of %s is not what was stored: restore it from a version before", id)
	}
	made, err := c.mirror(ctx, file, dir)
	return made, errors.Join(err, os.Remove(file))
}

// same compares two repositories: every ref and every object.
func (c *Cleansing) same(ctx context.Context, one, other string) error {
	for _, question := range [][]string{
		{"for-each-ref", "--format=%(objectname) %(refname)"},
		{"rev-list", "--objects", "--no-object-names", "--all"},
	} {
		var answers [2][]string
		for i, dir := range []string{one, other} {
			answer, err := c.git(ctx, dir, nil, question...)
			if err != nil {
				return err
			}
			answers[i] = strings.Split(answer, "\n")
			slices.Sort(answers[i])
		}
		if !slices.Equal(answers[0], answers[1]) {
			return errors.New("the bundle does not hold every ref and object: nothing was changed: run git fsck in the remote repository")
		}
	}
	return nil
}

func digestOf(file string) (string, error) {
	body, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	defer body.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, body); err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
