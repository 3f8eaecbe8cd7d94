package cleanse

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"accountfleet/internal/gate/secrets"
)

// editor takes values out of texts.
type editor struct {
	secrets []Secret
	forms   []form // of all secrets, longest first
	folds   bool   // a value may be written over several lines that belong together
}

func newEditor(key []byte, all []Secret) *editor {
	e := &editor{secrets: slices.Clone(all)}
	slices.SortFunc(e.secrets, func(a, b Secret) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), bytes.Compare(a.value, b.value))
	})
	for i, s := range e.secrets {
		e.forms = append(e.forms, formsOf(key, i, s.value)...)
		e.folds = e.folds || s.folded
	}
	slices.SortStableFunc(e.forms, longestFirst)
	return e
}

// edit is what became of a text.
type edit struct {
	body  []byte
	found []int  // secrets that were in it, as indexes into editor.secrets
	whole string // why all of it was replaced; empty where the values were enough
}

// add says that a secret was found. The first that is makes the body a copy.
func (r *edit) add(secret int) {
	if len(r.found) == 0 {
		r.body = bytes.Clone(r.body)
	}
	if !slices.Contains(r.found, secret) {
		r.found = append(r.found, secret)
	}
}

// text takes the values out of a text that has no format of its own: a message, a name.
func (e *editor) text(body []byte) edit {
	result := edit{body: body}
	for _, f := range slices.Backward(e.forms) { // all of them in the text as it was: where two overlap, nothing of either stays
		for _, at := range places(body, f.value) {
			result.add(f.secret)
			copy(result.body[at:], f.mask)
		}
	}
	if len(result.found) > 0 { // what stands for one may read like another
		for _, f := range e.forms {
			for _, at := range places(result.body, f.value) {
				result.add(f.secret)
				copy(result.body[at:], f.mask)
			}
		}
	}
	if e.folds {
		return e.joined(result)
	}
	return result
}

// ref takes the values out of the name of a ref. What kind it is, its first two parts, stays.
func (e *editor) ref(name string) edit {
	result := e.text([]byte(short(name)))
	result.body = append([]byte(strings.TrimSuffix(name, short(name))), result.body...)
	return result
}

// short is the name of a ref without its kind.
func short(name string) string {
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
		return parts[2]
	}
	return name
}

// joined takes out values whose parts stand in lines that belong together (secrets.Fold). What joins the parts stays.
func (e *editor) joined(result edit) edit {
	text, at := secrets.Fold(result.body)
	for _, f := range e.forms {
		for _, start := range places(text, f.value) {
			result.add(f.secret)
			copy(text[start:], f.mask)
			for k, position := range at[start : start+len(f.value)] {
				if position >= 0 {
					result.body[position] = f.mask[k]
				}
			}
		}
	}
	return result
}

// file takes the values out of a file. The result is as long as the file, and parses where the file did; where that cannot be, and where a
// value is inside a packed file, all of it is replaced.
func (e *editor) file(name string, body []byte) edit {
	if packed := e.packed(body); packed != nil {
		return *packed
	}
	result := e.text(body)
	if bytes.IndexByte(body, 0) >= 0 {
		result = e.between(result)
	}
	if len(result.found) == 0 {
		return result
	}
	for _, format := range formats {
		if format.is(name, body) && format.parses(body) && !format.parses(result.body) {
			result.body, result.whole = []byte(format.stub), "with the values replaced it would be no "+format.name+" any more"
		}
	}
	return result
}

// between takes out values between whose characters there are NUL bytes (UTF-16, UTF-32), or a NUL where the value has a space.
func (e *editor) between(result edit) edit {
	for _, f := range e.forms {
		if !f.plain {
			continue
		}
		put := func(at []int) {
			result.add(f.secret)
			for k, position := range at {
				if result.body[position] != 0 {
					result.body[position] = f.mask[k]
				}
			}
		}
		spaced := bytes.ReplaceAll(result.body, []byte{0}, []byte{' '})
		for _, at := range places(spaced, f.value) {
			put(sequence(at, len(f.value)))
		}
		without, positions := strip(result.body)
		for _, at := range places(without, f.value) {
			put(positions[at : at+len(f.value)])
		}
	}
	return result
}

// places are where value begins in text, without overlaps.
func places(text, value []byte) (all []int) {
	for at := 0; ; {
		next := bytes.Index(text[at:], value)
		if next < 0 {
			return all
		}
		all = append(all, at+next)
		at += next + len(value)
	}
}

func sequence(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// strip leaves NUL bytes out and says where the others were.
func strip(body []byte) (without []byte, positions []int) {
	for i, b := range body {
		if b != 0 {
			without = append(without, b)
			positions = append(positions, i)
		}
	}
	return without, positions
}

// packed looks into gzip and zip; nil means that body is neither, or holds no value.
func (e *editor) packed(body []byte) *edit {
	gz, zipped := bytes.HasPrefix(body, []byte("\x1f\x8b")), bytes.HasPrefix(body, []byte("PK\x03\x04"))
	if !gz && !zipped {
		return nil
	}
	result := edit{body: packedStub(zipped), whole: "a packed file cannot be edited"}
	for _, text := range secrets.Decode(body) {
		for _, f := range e.forms {
			if bytes.Contains(text.Body, f.value) && !slices.Contains(result.found, f.secret) {
				result.found = append(result.found, f.secret)
			}
		}
	}
	if len(result.found) == 0 {
		return nil
	}
	return &result
}

const removedText = "This file held a secret and was removed by fleet cleanse.\n"

// packedStub is a gzip or zip file that says what happened.
func packedStub(zipped bool) []byte {
	var out bytes.Buffer
	if zipped {
		w := zip.NewWriter(&out)
		member, err := w.CreateHeader(&zip.FileHeader{Name: "REMOVED.txt", Method: zip.Store})
		if err == nil {
			_, _ = member.Write([]byte(removedText)) // into memory: it cannot fail
		}
		_ = w.Close()
		return out.Bytes()
	}
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(removedText))
	_ = w.Close()
	return out.Bytes()
}

// formats are those that must stay valid.
var formats = []struct {
	name   string
	is     func(file string, body []byte) bool
	parses func(body []byte) bool
	stub   string
}{
	{
		name: "JSON", stub: "{\"removed\": \"by fleet cleanse\"}\n", parses: json.Valid,
		is: func(_ string, body []byte) bool {
			return len(body) > 0 && strings.IndexByte("{[ \t\r\n\"", body[0]) >= 0
		},
	},
	{
		name: "YAML", stub: "removed: by fleet cleanse\n", parses: isYAML,
		is: func(file string, _ []byte) bool {
			return slices.Contains([]string{".yaml", ".yml", ".template", ".json"}, strings.ToLower(path.Ext(file)))
		},
	},
}

// isYAML reads every document of a stream; a repeated key of a mapping is an error, as it is to the fleet's loader.
func isYAML(body []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	for {
		var node any
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
	}
}
