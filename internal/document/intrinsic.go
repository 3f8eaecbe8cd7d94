package document

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// functions are CloudFormation's intrinsics that have a short form. Fn::ForEach has none.
var functions = []string{
	"And", "Base64", "Cidr", "Condition", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap", "GetAZs", "GetAtt",
	"GetStackOutput", "If", "ImportValue", "Join", "Length", "Not", "Or", "Ref", "RefAll", "Select", "Split", "Sub", "ToJsonString",
	"Transform", "ValueOf", "ValueOfAll",
}

// intrinsic gives the long name of the function that n's tag calls. Other tags are reported here where they stand on a list or a
// map, and by scalar where they stand on a scalar.
func (w *walker) intrinsic(n *yaml.Node) (string, bool) {
	if n.Style&yaml.TaggedStyle == 0 {
		return "", false
	}
	name, local := strings.CutPrefix(n.Tag, "!")
	switch {
	case w.options.CloudFormation && local && (name == "Ref" || name == "Condition"):
		return name, true
	case w.options.CloudFormation && local && slices.Contains(functions, name):
		return "Fn::" + name, true
	case n.Kind != yaml.ScalarNode && n.ShortTag() != "!!map" && n.ShortTag() != "!!seq":
		w.refuse("TAG", place(n), fmt.Sprintf("the tag %s is not allowed", n.Tag), w.tagCure(n.Tag))
	}
	return "", false
}

// call spells a short intrinsic out, as the AWS CLI and CloudFormation do: scalars stay text whatever they look like, and GetAtt
// splits at its first dot, so that !GetAtt Nested.Outputs.Name means the output Name of Nested.
func (w *walker) call(n *yaml.Node, function, pointer string, depth int) any {
	at := pointer + Pointer(function)
	w.document.Lines[at] = place(n)
	var argument any
	switch {
	case n.Kind == yaml.MappingNode:
		argument = w.mapping(n, at, depth+1)
	case n.Kind == yaml.SequenceNode:
		argument = w.sequence(n, at, depth+1)
	case function == "Fn::GetAtt":
		w.replaced(n.Value, place(n))
		var parts []any
		for i, part := range strings.SplitN(n.Value, ".", 2) {
			w.document.Lines[fmt.Sprintf("%s/%d", at, i)] = place(n)
			parts = append(parts, part)
		}
		argument = parts
	default:
		w.replaced(n.Value, place(n))
		argument = n.Value
	}
	return map[string]any{function: argument}
}

// tagCure says what to write in place of a tag.
func (w *walker) tagCure(tag string) string {
	name, local := strings.CutPrefix(tag, "!")
	if !w.options.CloudFormation || !local || strings.HasPrefix(name, "!") {
		return "remove the tag"
	}
	if near := Nearest(name, functions); near != "" {
		return fmt.Sprintf("did you mean !%s", near)
	}
	return "use CloudFormation's intrinsic functions only"
}
