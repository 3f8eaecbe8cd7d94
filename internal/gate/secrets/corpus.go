package secrets

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sort"
)

// corpus is one private text file that holds everything to be scanned, and the way back from its lines.
type corpus struct {
	path       string
	file       *os.File
	out        *bufio.Writer
	line       int // lines written
	pieces     []piece
	ids        map[string]bool // object ids that are in it
	idBytes    int             // of the repository's hash
	unreadable []hit
	leaks      *leaks // is given every text too
}

// piece is a run of lines that came from one text.
type piece struct {
	first  int // its first line in the corpus, from 1
	object object
	member string
}

func newCorpus(path string) (*corpus, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("private folder: %w", err)
	}
	return &corpus{path: path, file: file, out: bufio.NewWriterSize(file, 1<<20), ids: map[string]bool{}, idBytes: 20}, nil
}

func (c *corpus) close() { _ = c.file.Close() }

// add writes an object; of a tree only the names.
func (c *corpus) add(o object, body []byte) error {
	if o.id != "" {
		c.ids[o.id] = true
		c.idBytes = len(o.id) / 2
	}
	if o.kind == "tree" {
		return c.write(o, part{text: entryNames(body, c.idBytes)})
	}
	parts, problem := decode(body)
	if problem != "" {
		c.refuse(o, problem)
	}
	for _, p := range parts {
		if err := c.write(o, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *corpus) write(o object, p part) error {
	if len(p.text) == 0 {
		return nil
	}
	c.pieces = append(c.pieces, piece{first: c.line + 1, object: o, member: p.member})
	if c.leaks != nil && o.kind != "canary" {
		c.leaks.add(len(c.pieces)-1, o.kind, string(p.text))
	}
	c.line += bytes.Count(p.text, []byte("\n"))
	_, err := c.out.Write(p.text)
	if err == nil && p.text[len(p.text)-1] != '\n' {
		c.line++
		err = c.out.WriteByte('\n')
	}
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	return nil
}

// refuse records an object that cannot be examined: it is a finding, never a silent pass.
func (c *corpus) refuse(o object, why string) {
	c.unreadable = append(c.unreadable, hit{piece: piece{object: o}, problem: why})
}

// at finds the piece that holds a line, and the line's number in it.
func (c *corpus) at(line int) (piece, int) {
	i := sort.Search(len(c.pieces), func(i int) bool { return c.pieces[i].first > line }) - 1
	if i < 0 {
		return piece{}, 0
	}
	return c.pieces[i], line - c.pieces[i].first + 1
}
