package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"accountfleet/internal/finding"
)

// yaml reads a YAML file into p.document.
func (p *parser) yaml(body []byte) {
	root, err := nodes(body)
	var several severalDocuments
	switch {
	case errors.As(err, &several):
		p.refuse("DOCUMENTS", finding.Span{Line: several.line}, "a second document starts here, which most tools never read",
			"keep one document a file")
	case err != nil:
		p.syntax(err, body)
	case root == nil || len(root.Content) != 1 || root.Content[0].ShortTag() == "!!null" && root.Content[0].Value == "":
		p.refuse("EMPTY", finding.Span{}, "holds nothing but comments", "write its content or delete the file")
	default:
		w := &walker{parser: p, body: body}
		p.document.Lines[""] = place(root.Content[0])
		p.document.Value = w.value(root.Content[0], "", 0)
	}
}

// severalDocuments says where a second document starts.
type severalDocuments struct{ line int }

func (s severalDocuments) Error() string { return "several documents" }

// nodes parses body as one document. The library reports some malformed input by panicking; that is an error like any other here.
func nodes(body []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return &first, nil
	case err != nil:
		return nil, err
	default:
		return nil, severalDocuments{second.Line}
	}
}

var (
	atLine     = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)
	tabbedLine = regexp.MustCompile(`^ *\t`)
)

// syntax explains why body is not YAML. Tabs come first: they are the commonest cause and the least visible.
func (p *parser) syntax(err error, body []byte) {
	parts := atLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	line, _ := strconv.Atoi(parts[1])
	line = max(line, 1)
	lines := strings.Split(string(body), "\n")
	for n := max(line-2, 0); n < min(line+1, len(lines)); n++ {
		if tabbedLine.MatchString(lines[n]) {
			p.refuse("TABS", finding.Span{Line: n + 1}, "is indented with a tab, which YAML forbids", "indent with spaces")
			return
		}
	}
	cure := "mend the YAML on this line or just above it"
	switch {
	case strings.Contains(parts[2], "mapping values are not allowed"):
		cure = `quote a value that holds ": ", or mend the indentation`
	case strings.Contains(parts[2], "expected key"), strings.Contains(parts[2], "expected ':'"):
		cure = "look for a missing colon, a missing quote or wrong indentation on this line or just above it"
	case strings.Contains(parts[2], "cannot start any token"):
		cure = "quote a value that starts with @, % or a back quote"
	}
	p.refuse("SYNTAX", finding.Span{Line: line}, "is not YAML: "+parts[2], cure)
}

// walker turns nodes into plain values.
type walker struct {
	*parser
	body []byte
}

// value converts one node; pointer is its address in the document.
func (w *walker) value(n *yaml.Node, pointer string, depth int) any {
	if depth > MaxDepth {
		w.refuseDepth(place(n))
		return nil
	}
	if n.Kind == yaml.AliasNode {
		w.refuse("ALIAS", place(n), fmt.Sprintf("*%s refers to another part of the document, which CloudFormation does not support", n.Value), "write the value out")
		return nil
	}
	if n.Anchor != "" {
		w.refuse("ANCHOR", place(n), fmt.Sprintf("&%s marks a value to be referred to, which CloudFormation does not support", n.Anchor), "remove the anchor and write values out")
	}
	if function, ok := w.intrinsic(n); ok {
		return w.call(n, function, pointer, depth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n, pointer, depth)
	case yaml.SequenceNode:
		return w.sequence(n, pointer, depth)
	default:
		return w.scalar(n)
	}
}

// sequence converts a list.
func (w *walker) sequence(n *yaml.Node, pointer string, depth int) any {
	list := make([]any, 0, len(n.Content))
	for i, child := range n.Content {
		at := pointer + "/" + strconv.Itoa(i)
		w.document.Lines[at] = place(child)
		list = append(list, w.value(child, at, depth+1))
	}
	return list
}

// mapping converts a map and refuses keys that are not text or come twice.
func (w *walker) mapping(n *yaml.Node, pointer string, depth int) any {
	values := make(map[string]any, len(n.Content)/2)
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		if !w.key(key) {
			continue
		}
		if line, twice := first[key.Value]; twice {
			w.refuse("DUPLICATE_KEY", place(key), fmt.Sprintf("key %q comes twice, first on line %d, and readers disagree on which one counts", key.Value, line), "keep one of them")
			continue
		}
		first[key.Value] = key.Line
		at := pointer + Pointer(key.Value)
		w.document.Lines[at] = place(key)
		values[key.Value] = w.value(child, at, depth+1)
	}
	return values
}

// key says whether a key is plain text, and reports it otherwise.
func (w *walker) key(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		w.refuse("ALIAS", place(n), fmt.Sprintf("*%s is used as a key", n.Value), "write the key out")
	case n.Kind != yaml.ScalarNode:
		w.refuse("KEY_TYPE", place(n), "a key is a list or a map", "use text as key")
	case n.Anchor != "":
		w.refuse("ANCHOR", place(n), fmt.Sprintf("&%s marks a key", n.Anchor), "remove the anchor")
	case n.ShortTag() == "!!merge":
		w.refuse("MERGE_KEY", place(n), "<< merges another map into this one, which CloudFormation does not support", "write the keys out")
	case n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != "!!str":
		w.refuse("TAG", place(n), fmt.Sprintf("key %q has the tag %s", n.Value, n.Tag), "remove the tag")
	default:
		w.replaced(n.Value, place(n))
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.TaggedStyle) != 0 {
			return true
		}
		if value, why := plain(n.Value, w.options.CloudFormation); why != "" || value != any(n.Value) {
			w.refuse("KEY_TYPE", place(n), fmt.Sprintf("key %s is read as a number, a boolean or null", n.Value), fmt.Sprintf("quote it: %q", n.Value))
			return false
		}
		return true
	}
	return false
}

// place is where a node starts.
func place(n *yaml.Node) finding.Span { return finding.Span{Line: n.Line, Column: n.Column} }
