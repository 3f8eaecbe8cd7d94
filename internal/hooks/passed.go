package hooks

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"accountfleet/internal/document"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/snapshot"
)

// passed is what the memory knows about one content of a catalog.
type passed struct {
	id       string // digest of all that decides the gates' verdict, beside program and settings, which the memory belongs to
	catalogs *memory.Set
}

// passed looks a catalog up in the memory, for today, since waivers expire. Of plain files at the top, such as README.md, the gates look
// at the name only, so an edit of one forgets nothing.
func (o Options) passed(ctx context.Context, r *snapshot.Repository, catalog string) (passed, error) {
	listed, err := r.Git(ctx, nil, "ls-tree", "-z", "--long", "--full-tree", catalog)
	if err != nil {
		return passed{}, err
	}
	parts := []string{time.Now().UTC().Format(time.DateOnly)}
	for _, entry := range strings.Split(listed, "\x00") {
		head, name, _ := strings.Cut(entry, "\t")
		words := strings.Fields(head)
		if len(words) == 4 && strings.HasPrefix(words[0], "100") {
			if size, err := strconv.Atoi(words[3]); err == nil && size <= document.MaxBytes {
				head = words[0]
			}
		}
		parts = append(parts, fmt.Sprintf("%s\t%s", head, name))
	}
	return passed{memory.Key(parts...), o.memory.Set("catalogs", sha256.Size)}, nil
}

func (p passed) known() bool { return p.catalogs.Has(p.id) }

// remember notes that the content passed.
func (p passed) remember() {
	p.catalogs.Add(p.id)
	p.catalogs.Save()
}
