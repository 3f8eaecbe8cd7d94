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

// ownRules are explained here, because they are evaluated by this package.
var ownRules = []Explanation{
	{
		Rule: serviceRule, File: "internal/gate/policy/services.go",
		Source: "allowed_services in fleet.yaml; its default is in internal/config/services.go",
		Why:    []string{"products may use the services that the platform team allows: what runs an engineer's code with somebody else's rights, or keeps secrets, is left out"},
		How:    []string{"do without the resource, or ask the platform team to add the service to allowed_services in fleet.yaml"},
		Before: "Resources:\n  Function:\n    Type: AWS::Lambda::Function\n", After: "Resources:\n  Rule:\n    Type: AWS::Events::Rule\n",
	},
	{
		Rule: referenceRule, File: "internal/gate/policy/references.go",
		Source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html",
		Why:    []string{"a dynamic reference brings a value that no gate has seen, read with the rights of whoever launches the product"},
		How:    []string{referenceCure},
		Before: "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: '{{resolve:secretsmanager:payments}}'\n",
		After:  "Parameters:\n  Title: {Type: String}\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: !Ref Title\n",
	},
}

// Explain looks a rule of the baseline, or of this package, up; the second result is false where there is none of that name.
func Explain(baseline fs.FS, name string) (Explanation, bool, error) {
	if i := slices.IndexFunc(ownRules, func(e Explanation) bool { return e.Rule == name }); i >= 0 {
		return ownRules[i], true, nil
	}
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

// Names are the rules of the baseline, in the order of its files, and those of this package.
func Names(baseline fs.FS) ([]string, error) {
	files, err := readBaseline(baseline)
	all := names(files)
	for _, e := range ownRules {
		all = append(all, e.Rule)
	}
	return all, err
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

// example is the shortest test input of the file on which a rule gives verdict, as YAML.
func (f ruleFile) example(name, verdict string) string {
	byLength := slices.SortedStableFunc(slices.Values(f.tests), func(a, b test) int { return cmp.Compare(len(a.input), len(b.input)) })
	for _, t := range byLength {
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
