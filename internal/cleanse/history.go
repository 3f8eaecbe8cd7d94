package cleanse

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // git's own object ids
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ref is a name and the id it leads to.
type ref struct{ name, id string }

// history is a repository as it was read: everything but the content of blobs, which is handed on while it is read.
type history struct {
	refs    []ref // by name
	head    string
	kinds   map[string]string // of every object that a ref leads to
	paths   map[string]string // one path of a blob or tree
	trees   map[string][]byte
	commits map[string][]byte
	tags    map[string][]byte
	order   []string        // commits, parents first, those of notes last
	notes   map[string]bool // commits that only notes lead to
	modules bool            // there are submodules

	pointers bool // there are files of Git LFS
}

// read reads the repository dir. Each blob is given to blob, with one of its paths, and not kept.
func (c *Cleansing) read(ctx context.Context, dir string, blob func(id, path string, body []byte) error) (*history, error) {
	h := &history{
		kinds: map[string]string{}, paths: map[string]string{}, trees: map[string][]byte{}, commits: map[string][]byte{}, tags: map[string][]byte{},
	}
	var err error
	if h.refs, err = c.refs(ctx, dir); err != nil {
		return nil, err
	}
	if h.head, err = c.git(ctx, dir, nil, "symbolic-ref", "-q", "HEAD"); err != nil {
		h.head = "" // a detached HEAD, of a remote that has one
	}
	listed, err := c.git(ctx, dir, nil, "rev-list", "--objects", "--all")
	if err != nil {
		return nil, err
	}
	var ids []string
	var ask strings.Builder
	for line := range strings.SplitSeq(listed, "\n") {
		if id, path, _ := strings.Cut(line, " "); id != "" {
			ids = append(ids, id)
			h.paths[id] = path
			fmt.Fprintln(&ask, id)
		}
	}
	if err := c.sort(ctx, dir, h); err != nil {
		return nil, err
	}
	return h, c.objects(ctx, dir, ask.String(), func(id, kind string, body []byte) error {
		h.kinds[id] = kind
		switch kind {
		case "blob":
			h.pointers = h.pointers || bytes.HasPrefix(body, []byte("version https://git-lfs.github.com/spec/"))
			return blob(id, h.paths[id], body)
		case "tree":
			h.trees[id] = body
			h.modules = h.modules || bytes.Contains(body, []byte(modeModule+" "))
		case "commit":
			h.commits[id] = body
		case "tag":
			h.tags[id] = body
		default:
			return fmt.Errorf("object %s is a %s, which this program does not know: update fleet", id, kind)
		}
		return nil
	})
}

// sort puts the commits in order.
func (c *Cleansing) sort(ctx context.Context, dir string, h *history) error {
	order, err := c.git(ctx, dir, nil, "rev-list", "--topo-order", "--reverse", "--all")
	if err != nil {
		return err
	}
	noted, err := c.git(ctx, dir, nil, "rev-list", "--glob=refs/notes/*", "--not", "--exclude=refs/notes/*", "--all")
	if err != nil {
		return err
	}
	h.notes = map[string]bool{}
	for _, id := range strings.Fields(noted) {
		h.notes[id] = true
	}
	var last []string
	for _, id := range strings.Fields(order) {
		if h.notes[id] {
			last = append(last, id)
		} else {
			h.order = append(h.order, id)
		}
	}
	h.order = append(h.order, last...)
	return nil
}

// refs lists the refs of a repository on this machine, by name.
func (c *Cleansing) refs(ctx context.Context, dir string) ([]ref, error) {
	listed, err := c.git(ctx, dir, nil, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return nil, err
	}
	return parseRefs(listed, " "), nil
}

func parseRefs(listed, between string) (refs []ref) {
	for line := range strings.SplitSeq(listed, "\n") {
		if id, name, ok := strings.Cut(line, between); ok {
			refs = append(refs, ref{name, id})
		}
	}
	return refs
}

// objects gives the objects whose ids stand in ask, one a line, to take.
func (c *Cleansing) objects(ctx context.Context, dir, ask string, take func(id, kind string, body []byte) error) error {
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := c.stream(ctx, dir, strings.NewReader(ask), in, "cat-file", "--batch", "--buffer")
		_ = in.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	reader := bufio.NewReaderSize(out, 1<<20)
	var taken error
	for taken == nil {
		var header string
		if header, taken = reader.ReadString('\n'); taken != nil {
			break
		}
		var id, kind string
		var size int64
		if _, err := fmt.Sscanf(header, "%s %s %d\n", &id, &kind, &size); err != nil {
			taken = fmt.Errorf("an object cannot be read (git says %q): the repository is damaged: run git fsck there", strings.TrimSpace(header))
			break
		}
		body := make([]byte, size+1)
		if _, taken = io.ReadFull(reader, body); taken == nil {
			taken = take(id, kind, body[:size:size])
		}
	}
	_ = out.CloseWithError(errors.New("enough was read"))
	ended := <-done
	if taken != nil && taken != io.EOF && !errors.Is(taken, io.ErrUnexpectedEOF) && !errors.Is(taken, io.EOF) {
		return c.clean(taken)
	}
	return ended
}

// objectID is git's id of an object, by the hash that ids of that length are made with.
func objectID(kind string, body []byte, like string) string {
	head := fmt.Sprintf("%s %d\x00", kind, len(body))
	if len(like) == 2*sha256.Size {
		hash := sha256.New()
		hash.Write([]byte(head))
		hash.Write(body)
		return hex.EncodeToString(hash.Sum(nil))
	}
	hash := sha1.New() //nolint:gosec // git's own object ids
	hash.Write([]byte(head))
	hash.Write(body)
	return hex.EncodeToString(hash.Sum(nil))
}

// writeObject puts an object into a repository of the private folder, as git itself stores it.
func writeObject(dir, kind string, body []byte, like string) (string, error) {
	id := objectID(kind, body, like)
	file := filepath.Join(dir, "objects", id[:2], id[2:])
	if _, err := os.Stat(file); err == nil {
		return id, nil
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, err := fmt.Fprintf(w, "%s %d\x00", kind, len(body))
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		err = os.WriteFile(file, packed.Bytes(), 0o400)
	}
	if err != nil {
		return "", fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	return id, nil
}
