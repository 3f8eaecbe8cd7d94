package cleanse

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// expectation is what every object becomes, computed from the old objects alone.
//
// It is a second implementation of the rewrite: git-filter-repo's commits must have these ids. An object that holds no secret, and leads
// to none, keeps its id.
type expectation struct {
	h     *history
	edit  *editor
	blobs map[string]string // changed ones only
	trees map[string]string
	lines map[string]string // commits
	tags  map[string]string
	texts map[string]text   // commits in whose own fields there was a value
	names map[string]string // part of a path -> what it becomes
	noted map[string]string // old id of an object with notes -> new one

	signed  []string // commits and tags that lose a signature
	dropped []string // commits that lose another header
	places  []place
	made    map[string][]byte // new trees and tags, which are written where a ref needs them
}

// text is a commit's message and people after the change.
type text struct{ author, committer, message []byte }

// place is where a value was.
type place struct {
	secret       int
	kind, object string
	path         string
	whole        string
}

func (e *expectation) note(found []int, kind, object, path, whole string) {
	for _, secret := range found {
		e.places = append(e.places, place{secret, kind, object, path, whole})
	}
}

// newExpectation computes everything; blobs are the changed ones.
func newExpectation(h *history, edit *editor, blobs map[string]string, places []place) (*expectation, error) {
	e := &expectation{
		h: h, edit: edit, blobs: blobs, trees: map[string]string{}, lines: map[string]string{}, tags: map[string]string{},
		texts: map[string]text{}, names: map[string]string{}, noted: map[string]string{}, made: map[string][]byte{}, places: places,
	}
	for _, id := range h.order {
		if err := e.commit(id); err != nil {
			return nil, err
		}
	}
	for _, r := range h.refs {
		if _, err := e.object(r.id); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// object is the id that any object becomes.
func (e *expectation) object(id string) (string, error) {
	switch e.h.kinds[id] {
	case "blob":
		if changed, ok := e.blobs[id]; ok {
			return changed, nil
		}
		return id, nil
	case "tree":
		return e.tree(id)
	case "commit":
		return e.lines[id], nil
	case "tag":
		return e.tag(id)
	}
	return "", fmt.Errorf("object %s was not read: the repository is damaged: run git fsck there", id)
}

// entry of a tree.
type entry struct{ mode, name, id string }

func entries(body []byte, idBytes int) ([]entry, error) {
	var all []entry
	for len(body) > 0 {
		space, end := bytes.IndexByte(body, ' '), bytes.IndexByte(body, 0)
		if space < 0 || end < space || end+1+idBytes > len(body) {
			return nil, fmt.Errorf("a tree cannot be read: the repository is damaged: run git fsck there")
		}
		all = append(all, entry{string(body[:space]), string(body[space+1 : end]), hex.EncodeToString(body[end+1 : end+1+idBytes])})
		body = body[end+1+idBytes:]
	}
	return all, nil
}

const (
	modeTree   = "40000"
	modeModule = "160000"
)

func (e *expectation) tree(id string) (string, error) {
	if known, ok := e.trees[id]; ok {
		return known, nil
	}
	all, err := entries(e.h.trees[id], len(id)/2)
	if err != nil {
		return "", err
	}
	changed := false
	for i, old := range all {
		all[i].name = e.name(id, old.name)
		if old.mode != modeModule {
			if all[i].id, err = e.object(old.id); err != nil {
				return "", err
			}
		}
		changed = changed || all[i] != old
	}
	if !changed {
		e.trees[id] = id
		return id, nil
	}
	body, err := treeBody(all)
	if err != nil {
		return "", err
	}
	e.trees[id] = objectID("tree", body, id)
	e.made[e.trees[id]] = body
	return e.trees[id], nil
}

// name is what a part of a path becomes.
func (e *expectation) name(tree, old string) string {
	result := e.edit.text([]byte(old))
	if len(result.found) == 0 {
		return old
	}
	renamed := string(result.body)
	e.names[old] = renamed
	e.note(result.found, "file name", tree, renamed, "")
	return renamed
}

// treeBody writes a tree in git's order, in which a folder's name ends with a slash.
func treeBody(all []entry) ([]byte, error) {
	key := func(x entry) string {
		if x.mode == modeTree {
			return x.name + "/"
		}
		return x.name
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(key(a), key(b)) })
	var out bytes.Buffer
	for i, x := range all {
		if i > 0 && all[i-1].name == x.name {
			return nil, fmt.Errorf("two files of a folder would both be named %s: rename one of them in a commit first", x.name)
		}
		id, err := hex.DecodeString(x.id)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s %s\x00%s", x.mode, x.name, id)
	}
	return out.Bytes(), nil
}

// headerLine of a commit or tag, with its continuation lines.
type headerLine struct{ key, value string }

// split separates the headers of a commit or tag from its message.
func split(body []byte) (headers []headerLine, message []byte) {
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		if len(line) == 0 {
			return headers, rest
		}
		body = rest
		if line[0] == ' ' && len(headers) > 0 {
			headers[len(headers)-1].value += "\n" + string(line)
			continue
		}
		key, value, _ := strings.Cut(string(line), " ")
		headers = append(headers, headerLine{key, value})
	}
	return headers, nil
}

// person is a line "name <email> time zone": the time is never changed.
var person = regexp.MustCompile(`(?s)^(.*>)( [^>]*)$`)

func (e *expectation) person(value string, found *[]int) string {
	parts := person.FindStringSubmatch(value)
	if parts == nil {
		return value
	}
	result := e.edit.text([]byte(parts[1]))
	*found = append(*found, result.found...)
	return string(result.body) + parts[2]
}

// kept are the headers that a rewritten commit keeps: git fast-export knows no others. A signature would not fit any more.
var kept = []string{"tree", "parent", "author", "committer", "encoding"}

func (e *expectation) commit(id string) error {
	headers, message := split(e.h.commits[id])
	var out bytes.Buffer
	var fields text
	var found []int
	changed, signed, dropped := false, false, false
	for _, line := range headers {
		value := line.value
		switch line.key {
		case "tree":
			tree, err := e.treeOf(id, value)
			if err != nil {
				return err
			}
			value = tree
		case "parent":
			value = e.lines[value]
		case "author":
			value = e.person(value, &found)
			fields.author = []byte(value)
		case "committer":
			value = e.person(value, &found)
			fields.committer = []byte(value)
		}
		if !slices.Contains(kept, line.key) {
			signed = signed || strings.HasPrefix(line.key, "gpgsig")
			dropped = dropped || !strings.HasPrefix(line.key, "gpgsig")
			found = append(found, e.edit.text([]byte(line.value)).found...)
			continue
		}
		changed = changed || value != line.value
		fmt.Fprintf(&out, "%s %s\n", line.key, value)
	}
	result := e.edit.text(message)
	found = append(found, result.found...)
	if !changed && len(found) == 0 {
		e.lines[id] = id
		return nil
	}
	slices.Sort(found)
	e.note(slices.Compact(found), "commit", id, "", "")
	if len(found) > 0 {
		fields.message = result.body
		e.texts[id] = fields
	}
	out.WriteString("\n")
	out.Write(result.body)
	e.lines[id] = objectID("commit", out.Bytes(), id)
	if signed {
		e.signed = append(e.signed, id)
	}
	if dropped {
		e.dropped = append(e.dropped, id)
	}
	return nil
}

// signature is where the signature of a tag begins in its message.
var signature = regexp.MustCompile(`(?m)^-----BEGIN (PGP|SSH|SIGNED) (SIGNATURE|MESSAGE)-----$`)

func (e *expectation) tag(id string) (string, error) {
	if known, ok := e.tags[id]; ok {
		return known, nil
	}
	headers, message := split(e.h.tags[id])
	var out bytes.Buffer
	var found []int
	changed, signed := false, signature.Match(message)
	for _, line := range headers {
		value := line.value
		switch line.key {
		case "object":
			target, err := e.object(value)
			if err != nil {
				return "", err
			}
			value = target
		case "tag":
			result := e.edit.text([]byte(value))
			value = string(result.body)
			found = append(found, result.found...)
		case "tagger":
			value = e.person(value, &found)
		case "type":
		default:
			signed = true
			found = append(found, e.edit.text([]byte(value)).found...)
			continue
		}
		changed = changed || value != line.value
		fmt.Fprintf(&out, "%s %s\n", line.key, value)
	}
	result := e.edit.text(message)
	found = append(found, result.found...)
	if !changed && len(found) == 0 {
		e.tags[id] = id
		return id, nil
	}
	slices.Sort(found)
	e.note(slices.Compact(found), "tag", id, "", "")
	text := result.body
	if at := signature.FindIndex(message); at != nil {
		text = text[:at[0]]
	}
	out.WriteString("\n")
	out.Write(text)
	e.tags[id] = objectID("tag", out.Bytes(), id)
	e.made[e.tags[id]] = out.Bytes()
	if signed {
		e.signed = append(e.signed, id)
	}
	return e.tags[id], nil
}
