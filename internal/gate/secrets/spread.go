package secrets

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// spread adds to what gitleaks found the same lines elsewhere in the corpus. Gitleaks was given each line once only (fresh.go); without
// this a secret would be reported in one of the files that hold it, and the others would be remembered as clean.
func (c *corpus) spread(hits []hit) ([]hit, error) {
	if len(hits) == 0 {
		return hits, nil
	}
	wanted, reported := map[int][]hit{}, map[int]bool{}
	for _, h := range hits {
		at := h.piece.first + h.line - 1
		wanted[at], reported[at] = append(wanted[at], h), true
	}
	if err := c.out.Flush(); err != nil {
		return nil, fmt.Errorf("private folder: %w", err)
	}
	secret := map[string][]hit{} // by line
	if err := c.each(func(number int, line string) {
		if found := wanted[number]; found != nil && secret[line] == nil {
			secret[line] = found
		}
	}); err != nil {
		return nil, err
	}
	err := c.each(func(number int, line string) {
		if secret[line] == nil || reported[number] {
			return
		}
		at, inPiece := c.at(number)
		if at.object.kind == "canary" {
			return
		}
		for _, h := range secret[line] {
			h.piece, h.line = at, inPiece
			hits = append(hits, h)
		}
	})
	return hits, err
}

// each reads the corpus line by line.
func (c *corpus) each(see func(number int, line string)) error {
	file, err := os.Open(c.path)
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := in.ReadString('\n')
		if line != "" {
			see(number, line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("private folder: %w", err)
		}
	}
}
