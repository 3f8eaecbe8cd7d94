package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Explanation is what is to be known about a baseline rule.
type Explanation struct {
	Rule   string
	File   string   // where it is written, with its line: guard-rules/s3.guard:33
	Source string   // who asks for it: a Security Hub control or a page of AWS's documentation
	Why    []string // what each of its clauses says is wrong, without repetitions
	How    []string // what each of them says to do
	Before string   // YAML of a template that breaks the rule, from its own tests
	After  string   // YAML of one that does not
}

// Explain looks a rule of the baseline up; the second result is false where there is none of that name.
func Explain(baseline fs.FS, name string) (Explanation, bool, error) {
	files, err := readBaseline(baseline)
	if err != nil {
		return Explanation{}, false, err
	}
	for _, f := range files {
		for _, r := range f.rules {
			if r.name != name {
				continue
			}
			e := Explanation{Rule: name, File: fmt.Sprintf("%s:%d", f.path, r.line), Source: source(f.body, r.line)}
			e.Why, e.How = r.says()
			e.Before, e.After = f.example(name, fail), f.example(name, pass)
			return e, true, nil
		}
	}
	return Explanation{}, false, nil
}

// Names are the rules of the baseline, in the order of its files.
func Names(baseline fs.FS) ([]string, error) {
	files, err := readBaseline(baseline)
	return names(files), err
}

var sourceComment = regexp.MustCompile(`^#\s*Source:\s*(.*)$`)

// source is what the comment above a rule, whose head is in line, says about its source.
func source(body []byte, line int) string {
	lines := strings.Split(string(body), "\n")
	text := ""
	for i := line - 2; i >= 0 && strings.HasPrefix(lines[i], "#"); i-- {
		text = strings.TrimSpace(strings.TrimPrefix(lines[i], "#")) + " " + text
		if m := sourceComment.FindStringSubmatch(lines[i]); m != nil {
			return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "Source:"))
		}
	}
	return ""
}

// says takes the messages of a rule apart.
func (r rule) says() (why, how []string) {
	seen := map[string]bool{}
	add := func(list *[]string, text string) {
		if text = strings.TrimSuffix(strings.TrimSpace(text), "."); text != "" && !seen[text] {
			seen[text] = true
			*list = append(*list, text)
		}
	}
	for _, m := range r.messages {
		text, cure, _ := strings.Cut(strings.Join(strings.Fields(m), " "), "Cure: ")
		add(&why, text)
		add(&how, cure)
	}
	return why, how
}

// example is the first test input of the file on which a rule gives verdict, as YAML.
func (f ruleFile) example(name, verdict string) string {
	for _, t := range f.tests {
		if t.expect[name] != verdict {
			continue
		}
		var value any
		if json.Unmarshal(t.input, &value) != nil {
			return ""
		}
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		node, err := asWritten(value)
		if err != nil || encoder.Encode(node) != nil {
			return ""
		}
		return out.String()
	}
	return ""
}

// asWritten orders keys as authors do: Type comes first.
func asWritten(value any) (*yaml.Node, error) {
	switch v := value.(type) {
	case map[string]any:
		keys := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			return cmp.Or(-cmp.Compare(btoi(a == "Type"), btoi(b == "Type")), cmp.Compare(a, b))
		})
		node := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range keys {
			child, err := asWritten(v[key])
			if err != nil {
				return nil, err
			}
			name := &yaml.Node{}
			name.SetString(key)
			node.Content = append(node.Content, name, child)
		}
		return node, nil
	case []any:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range v {
			child, err := asWritten(item)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		return node, nil
	}
	node := &yaml.Node{}
	return node, node.Encode(value)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
