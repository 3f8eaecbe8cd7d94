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

func (e *expectation) person(value string) (now string, found []int) {
	parts := person.FindStringSubmatch(value)
	if parts == nil {
		return value, nil
	}
	result := e.edit.text([]byte(parts[1]))
	return string(result.body) + parts[2], result.found
}

// rebuilt is what becomes of a commit or a tag.
type rebuilt struct {
	headers bytes.Buffer
	old     []byte // message before
	message []byte
	lost    []string // keys of headers that it does not keep
	found   []int
	changed bool
}

// rebuild changes headers one by one, and the message. change gives what a header becomes and what was found in it; one that is not kept is
// left out, and searched all the same.
func (e *expectation) rebuild(body []byte, change func(key, value string) (now string, found []int, kept bool, err error)) (*rebuilt, error) {
	headers, message := split(body)
	r := &rebuilt{old: message}
	for _, line := range headers {
		value, found, kept, err := change(line.key, line.value)
		if err != nil {
			return nil, err
		}
		r.found = append(r.found, found...)
		if !kept {
			r.lost = append(r.lost, line.key)
			r.found = append(r.found, e.edit.text([]byte(line.value)).found...)
			continue
		}
		r.changed = r.changed || value != line.value
		fmt.Fprintf(&r.headers, "%s %s\n", line.key, value)
	}
	result := e.edit.text(message)
	r.message, r.found = result.body, append(r.found, result.found...)
	slices.Sort(r.found)
	r.found = slices.Compact(r.found)
	r.changed = r.changed || len(r.found) > 0
	return r, nil
}

// with is the object with a message.
func (r *rebuilt) with(message []byte) []byte {
	return slices.Concat(r.headers.Bytes(), []byte("\n"), message)
}

// isSignature says whether a header of a commit signs it.
func isSignature(key string) bool { return strings.HasPrefix(key, "gpgsig") }

// commit keeps the headers that git fast-export knows. A signature would not fit any more.
func (e *expectation) commit(id string) error {
	var fields text
	r, err := e.rebuild(e.h.commits[id], func(key, value string) (now string, found []int, kept bool, err error) {
		switch key {
		case "tree":
			now, err = e.treeOf(id, value)
		case "parent":
			now = e.lines[value]
		case "author":
			now, found = e.person(value)
			fields.author = []byte(now)
		case "committer":
			now, found = e.person(value)
			fields.committer = []byte(now)
		case "encoding":
			now = value
		default:
			return "", nil, false, nil
		}
		return now, found, true, err
	})
	if err != nil {
		return err
	}
	if !r.changed {
		e.lines[id] = id
		return nil
	}
	e.note(r.found, "commit", id, "", "")
	if len(r.found) > 0 {
		fields.message = r.message
		e.texts[id] = fields
	}
	e.lines[id] = objectID("commit", r.with(r.message), id)
	if slices.ContainsFunc(r.lost, isSignature) {
		e.signed = append(e.signed, id)
	}
	if slices.ContainsFunc(r.lost, func(key string) bool { return !isSignature(key) }) {
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
	r, err := e.rebuild(e.h.tags[id], func(key, value string) (now string, found []int, kept bool, err error) {
		switch key {
		case "object":
			now, err = e.object(value)
		case "tag":
			result := e.edit.text([]byte(value))
			now, found = string(result.body), result.found
		case "tagger":
			now, found = e.person(value)
		case "type":
			now = value
		default: // the signature of a tag in a repository of two object formats
			return "", nil, false, nil
		}
		return now, found, true, err
	})
	if err != nil {
		return "", err
	}
	if !r.changed {
		e.tags[id] = id
		return id, nil
	}
	e.note(r.found, "tag", id, "", "")
	text := r.message
	at := signature.FindIndex(r.old)
	if at != nil { // what was replaced is as long as it was
		text = text[:at[0]]
	}
	body := r.with(text)
	e.tags[id] = objectID("tag", body, id)
	e.made[e.tags[id]] = body
	if at != nil || len(r.lost) > 0 {
		e.signed = append(e.signed, id)
	}
	return e.tags[id], nil
}
