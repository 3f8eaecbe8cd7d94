package secrets

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own object ids
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxObject is how much of one object is held at once; a larger one is a finding, because it cannot be examined.
const maxObject = 64 << 20

// tally counts objects by kind.
type tally map[string]int

func (t tally) total() int {
	sum := 0
	for _, n := range t {
		sum += n
	}
	return sum
}

// read writes every object of the history into the corpus, but for those known to be clean.
func (r *repository) read(ctx context.Context, out *corpus, known *clean) (tally, error) {
	objects, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	objects = known.skip(objects)
	for _, id := range known.ids {
		out.ids[id], out.idBytes = true, len(id)/2
	}
	counts, err := r.load(ctx, objects, out)
	if err != nil {
		return nil, err
	}
	return counts, r.readRefs(ctx, out)
}

// load writes the objects into the corpus.
func (r *repository) load(ctx context.Context, objects []object, out *corpus) (tally, error) {
	c := r.command(ctx, "cat-file", "--batch", "--buffer")
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("secrets: git cat-file: %w", err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("secrets: git cat-file: %w", err)
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("secrets: git cat-file: %w", err)
	}
	go func() {
		w := bufio.NewWriter(stdin)
		for _, o := range objects {
			fmt.Fprintln(w, o.id)
		}
		_ = w.Flush()
		_ = stdin.Close()
	}()
	counts, err := pour(bufio.NewReaderSize(stdout, 1<<20), objects, out)
	if err != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		return nil, err
	}
	if err := c.Wait(); err != nil {
		return nil, fmt.Errorf("secrets: git cat-file: %w: %s", err, stderr.String())
	}
	if counts.total() != len(objects) {
		return nil, fmt.Errorf("secrets: read %d objects of %d: the repository is damaged: run git fsck", counts.total(), len(objects))
	}
	return counts, nil
}

// pour reads the answer of cat-file --batch: a header line, the content, a newline.
func pour(in *bufio.Reader, objects []object, out *corpus) (tally, error) {
	counts := tally{}
	for i := range objects {
		header, err := in.ReadString('\n')
		words := strings.Fields(header)
		if err != nil || len(words) != 3 || words[0] != objects[i].id {
			return nil, fmt.Errorf("secrets: object %s cannot be read: the repository is damaged or incomplete: run git fsck, or clone it again", objects[i].id)
		}
		size, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("secrets: object %s: size %q", objects[i].id, words[2])
		}
		objects[i].kind = words[1]
		counts[words[1]]++
		if size > maxObject {
			if _, err := io.CopyN(io.Discard, in, size+1); err != nil {
				return nil, fmt.Errorf("secrets: object %s: %w", objects[i].id, err)
			}
			out.refuse(objects[i], fmt.Sprintf("is larger than %d MB", maxObject>>20))
			continue
		}
		body := make([]byte, size+1)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil, fmt.Errorf("secrets: object %s: %w", objects[i].id, err)
		}
		if err := out.add(objects[i], body[:size]); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// readRefs adds the names of branches and tags.
func (r *repository) readRefs(ctx context.Context, out *corpus) error {
	names, err := r.git(ctx, nil, "for-each-ref", "--format=%(refname)")
	if err != nil {
		return err
	}
	return out.add(object{kind: "ref"}, names)
}

// entryNames lists the names in a tree object: "<mode> <name>\0<id>" without separators.
func entryNames(body []byte, idBytes int) []byte {
	var names []byte
	for len(body) > 0 {
		space := bytes.IndexByte(body, ' ')
		end := bytes.IndexByte(body, 0)
		if space < 0 || end < space || end+1+idBytes > len(body) {
			break
		}
		names = append(append(names, bytes.ReplaceAll(body[space+1:end], []byte("\n"), []byte(" "))...), '\n')
		body = body[end+1+idBytes:]
	}
	return names
}

// readFolder adds files of the catalog that are in no commit: new, changed or staged ones, unless git ignores them.
func (r *repository) readFolder(ctx context.Context, folder string, out *corpus) (int, error) {
	if folder == "" || r.root == r.dir && exists(filepath.Join(r.dir, "objects")) {
		return 0, nil // a bare repository has no files
	}
	inside := &repository{dir: folder}
	listed, err := inside.git(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return 0, fmt.Errorf("secrets: %w", err)
	}
	defer root.Close()
	count := 0
	names := strings.Split(strings.TrimRight(string(listed), "\x00"), "\x00")
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		info, err := root.Lstat(filepath.FromSlash(name))
		if name == "" || err != nil || !info.Mode().IsRegular() {
			continue // deleted, or refused by the manifest
		}
		o := object{kind: "file", path: r.inRepository(folder, name)}
		if info.Size() > maxObject {
			out.refuse(o, fmt.Sprintf("is larger than %d MB", maxObject>>20))
			continue
		}
		body, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return 0, fmt.Errorf("secrets: %w", err)
		}
		if out.ids[blobID(body, out.idBytes)] {
			continue
		}
		count++
		if err := out.write(object{kind: "name"}, part{text: []byte(name)}); err != nil {
			return 0, err
		}
		if err := out.add(o, body); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// inRepository is the path that a file of folder has in the repository.
func (r *repository) inRepository(folder, name string) string {
	full, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return name
	}
	if full, err = filepath.Abs(full); err != nil {
		return name
	}
	rel, err := filepath.Rel(r.root, full)
	if err != nil {
		return name
	}
	return filepath.ToSlash(filepath.Join(rel, filepath.FromSlash(name)))
}

// blobID is git's id of a file with that content.
func blobID(body []byte, idBytes int) string {
	header := fmt.Sprintf("blob %d\x00", len(body))
	if idBytes == sha256.Size {
		sum := sha256.Sum256(append([]byte(header), body...))
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append([]byte(header), body...)) //nolint:gosec // git's own object ids
	return hex.EncodeToString(sum[:])
}
