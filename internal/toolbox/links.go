package toolbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// wrapper starts a Python of a virtual environment. It finds its environment beside the path by which it was called, so a
// symbolic link elsewhere would start the Python outside.
const wrapper = "#!/bin/sh\nexec \"$(dirname -- \"$(realpath -- \"$0\")\")/%s\" \"$@\"\n"

// destination is what the file at link must lead to, relative to the link's folder so that Folder can be reached by any path.
func (t *Toolbox) destination(tool Definition, place, link string) (target string, wrapped bool, err error) {
	target, err = filepath.Rel(filepath.Dir(filepath.Join(t.Folder, link)), filepath.Join(place, t.target(tool, link)))
	return target, strings.HasPrefix(filepath.Base(tool.Links[link]), "python"), err
}

// linkIsRight tells whether link leads to the tool in place.
func (t *Toolbox) linkIsRight(tool Definition, place, link string) bool {
	target, wrapped, err := t.destination(tool, place, link)
	if err != nil {
		return false
	}
	name := filepath.Join(t.Folder, link)
	if wrapped {
		body, err := os.ReadFile(name)
		return err == nil && string(body) == fmt.Sprintf(wrapper, target)
	}
	found, err := os.Readlink(name)
	return err == nil && found == target
}

// link makes link lead to the tool in place, in one step for whoever looks at it.
func (t *Toolbox) link(tool Definition, place, link string) error {
	target, wrapped, err := t.destination(tool, place, link)
	if err != nil {
		return fmt.Errorf("link %s: %w", link, err)
	}
	name := filepath.Join(t.Folder, link)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("link %s: %w", link, err)
	}
	fresh := name + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("link %s: %w", link, err)
	}
	if wrapped {
		err = os.WriteFile(fresh, fmt.Appendf(nil, wrapper, target), 0o755)
	} else {
		err = os.Symlink(target, fresh)
	}
	if err != nil {
		return fmt.Errorf("link %s: %w", link, err)
	}
	return os.Rename(fresh, name)
}
