package resolve

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

type evaluator struct {
	doc        map[string]any
	in         Input
	conditions map[string]Truth
	busy       map[string]bool // conditions being evaluated, to notice a circle
	mistakes   []string
}

// removed is the value of AWS::NoValue: the property or element that holds it goes away.
type removed struct{}

func (e *evaluator) mistake(format string, args ...any) {
	e.mistakes = append(e.mistakes, fmt.Sprintf(format, args...))
}

// value evaluates v and everything in it.
func (e *evaluator) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return e.call(name, argument)
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			if resolved := e.value(item); resolved != (removed{}) {
				out[key] = resolved
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			if resolved := e.value(item); resolved != (removed{}) {
				out = append(out, resolved)
			}
		}
		return out
	}
	return v
}

func intrinsic(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for key, item := range v {
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, item, true
		}
		if key == "Condition" {
			_, isName := item.(string)
			return key, item, isName
		}
	}
	return "", nil, false
}

func (e *evaluator) call(name string, argument any) any {
	switch name {
	case "Ref":
		return e.ref(argument)
	case "Fn::GetAtt":
		return e.getAtt(argument)
	case "Fn::Sub":
		return e.sub(argument)
	case "Fn::Join":
		return e.join(argument)
	case "Fn::Select":
		return e.pick(argument)
	case "Fn::Split":
		return e.split(argument)
	case "Fn::If":
		return e.choose(argument)
	case "Fn::FindInMap":
		return e.findInMap(argument)
	case "Fn::Base64":
		return e.text(argument, func(s string) any { return base64.StdEncoding.EncodeToString([]byte(s)) })
	case "Fn::GetAZs":
		return e.zones(argument)
	case "Fn::Cidr":
		return e.cidr(argument)
	case "Fn::ImportValue":
		value := e.value(argument)
		text, refs := part(value)
		return Symbol{Text: "${import:" + text + "}", Refs: refs}
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition":
		return e.truthValue(name, argument)
	case "Fn::Length":
		value := e.value(argument)
		if items, ok := value.([]any); ok {
			return strconv.Itoa(len(items))
		}
		return Symbol{Text: "${" + name + "}", Refs: Refs(value)}
	case "Fn::ToJsonString":
		value := e.value(argument)
		if len(Refs(value)) == 0 {
			body, err := json.Marshal(value)
			if err == nil {
				return string(body)
			}
		}
		return Symbol{Text: "${" + name + "}", Refs: Refs(value)}
	}
	return Symbol{Text: "${" + name + "}", Refs: Refs(e.value(argument))}
}

func (e *evaluator) ref(argument any) any {
	name, _ := argument.(string)
	switch name {
	case "AWS::NoValue":
		return removed{}
	case "AWS::Region":
		return known(e.in.Region, name)
	case "AWS::AccountId":
		return known(e.in.Account, name)
	case "AWS::StackName":
		return known(e.in.StackName, name)
	case "AWS::Partition":
		return partition(e.in.Region)
	case "AWS::URLSuffix":
		if partition(e.in.Region) == "aws-cn" {
			return "amazonaws.com.cn"
		}
		return "amazonaws.com"
	case "AWS::NotificationARNs":
		return []any{}
	}
	if declaration, ok := section(e.doc, "Parameters")[name].(map[string]any); ok {
		return e.parameter(name, declaration)
	}
	if _, ok := section(e.doc, "Resources")[name]; ok {
		return Symbol{Text: "${" + name + "}", Refs: []string{name}}
	}
	if !strings.HasPrefix(name, "AWS::") {
		e.mistake("Ref %q: the template has no such resource or parameter", name)
	}
	return Symbol{Text: "${" + name + "}"}
}

func known(value, name string) any {
	if value == "" {
		return Symbol{Text: "${" + name + "}"}
	}
	return value
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (e *evaluator) getAtt(argument any) any {
	var id, attribute string
	switch a := argument.(type) {
	case string:
		id, attribute, _ = strings.Cut(a, ".")
	case []any:
		if len(a) == 2 {
			id, _ = a[0].(string)
			attribute, _ = Text(e.value(a[1]))
		}
	}
	if _, ok := section(e.doc, "Resources")[id]; !ok {
		e.mistake("Fn::GetAtt %v: the template has no such resource", argument)
		return Symbol{Text: "${" + id + "." + attribute + "}"}
	}
	return Symbol{Text: "${" + id + "." + attribute + "}", Refs: []string{id}}
}

var hole = regexp.MustCompile(`\$\{([^}]*)\}`)

func (e *evaluator) sub(argument any) any {
	text, own := "", map[string]any{}
	switch a := argument.(type) {
	case string:
		text = a
	case []any:
		if len(a) == 2 {
			text, _ = a[0].(string)
			own, _ = a[1].(map[string]any)
		}
	}
	var parts []any
	at := 0
	for _, m := range hole.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, text[at:m[0]])
		name := strings.TrimSpace(text[m[2]:m[3]])
		at = m[1]
		value, isOwn := own[name]
		switch {
		case strings.HasPrefix(name, "!"):
			parts = append(parts, "${"+name[1:]+"}")
		case isOwn:
			parts = append(parts, e.value(value))
		case strings.Contains(name, "."):
			parts = append(parts, e.getAtt(name))
		default:
			parts = append(parts, e.ref(name))
		}
	}
	return concat(append(parts, text[at:]), "")
}

func (e *evaluator) join(argument any) any {
	a, ok := argument.([]any)
	if !ok || len(a) != 2 {
		e.mistake("Fn::Join: want a delimiter and a list")
		return Symbol{Text: "${Fn::Join}"}
	}
	delimiter, _ := a[0].(string)
	value := e.value(a[1]) // once: twice at every level of a nested Join would take for ever
	items, ok := value.([]any)
	if !ok {
		return Symbol{Text: "${Fn::Join}", Refs: Refs(value)}
	}
	return concat(items, delimiter)
}

// concat joins values; the result is a string where all of them are known.
func concat(parts []any, delimiter string) any {
	var words, refs []string
	symbolic := false
	for _, p := range parts {
		if _, ok := Text(p); !ok {
			symbolic = true
		}
		text, r := part(p)
		words, refs = append(words, text), append(refs, r...)
	}
	if joined := strings.Join(words, delimiter); !symbolic {
		return joined
	}
	sort.Strings(refs)
	return Symbol{Text: strings.Join(words, delimiter), Refs: slices.Compact(refs)}
}

func part(v any) (string, []string) {
	if text, ok := Text(v); ok {
		return text, nil
	}
	if s, ok := v.(Symbol); ok {
		return s.Text, s.Refs
	}
	return fmt.Sprintf("${%T}", v), Refs(v)
}

func (e *evaluator) pick(argument any) any {
	a, ok := argument.([]any)
	if !ok || len(a) != 2 {
		e.mistake("Fn::Select: want an index and a list")
		return Symbol{Text: "${Fn::Select}"}
	}
	index, isText := Text(e.value(a[0]))
	n, err := strconv.Atoi(index)
	items := e.value(a[1])
	elements, isList := items.([]any)
	if !isText || err != nil || !isList {
		return Symbol{Text: "${Fn::Select}", Refs: Refs(items)}
	}
	if n < 0 || n >= len(elements) {
		e.mistake("Fn::Select: index %d of a list of %d", n, len(elements))
		return Symbol{Text: "${Fn::Select}"}
	}
	return elements[n]
}

func (e *evaluator) split(argument any) any {
	a, ok := argument.([]any)
	if !ok || len(a) != 2 {
		e.mistake("Fn::Split: want a delimiter and a text")
		return Symbol{Text: "${Fn::Split}"}
	}
	delimiter, _ := a[0].(string)
	return e.text(a[1], func(s string) any {
		out := []any{}
		for _, word := range strings.Split(s, delimiter) {
			out = append(out, word)
		}
		return out
	})
}

// text applies f to a known text; anything else stays symbolic.
func (e *evaluator) text(argument any, f func(string) any) any {
	value := e.value(argument)
	if s, ok := Text(value); ok {
		return f(s)
	}
	text, refs := part(value)
	return Symbol{Text: text, Refs: refs}
}

func (e *evaluator) findInMap(argument any) any {
	a, ok := argument.([]any)
	if !ok || len(a) < 3 {
		e.mistake("Fn::FindInMap: want a mapping and two keys")
		return Symbol{Text: "${Fn::FindInMap}"}
	}
	var level any = section(e.doc, "Mappings")
	for _, key := range a[:3] {
		name, ok := Text(e.value(key))
		if !ok {
			return Symbol{Text: "${Fn::FindInMap}"}
		}
		m, _ := level.(map[string]any)
		if level, ok = m[name]; ok {
			continue
		}
		if options, isMap := last(a).(map[string]any); isMap && len(a) == 4 {
			return e.value(options["DefaultValue"])
		}
		e.mistake("Fn::FindInMap: the mapping has no key %q", name)
		return Symbol{Text: "${Fn::FindInMap}"}
	}
	return e.value(level)
}

func last(a []any) any { return a[len(a)-1] }

// zones gives three zones, named by AWS's convention; which ones an account has only AWS knows.
func (e *evaluator) zones(argument any) any {
	region, ok := Text(e.value(argument))
	if region == "" {
		region, ok = e.in.Region, e.in.Region != ""
	}
	if !ok {
		return Symbol{Text: "${Fn::GetAZs}"}
	}
	return []any{region + "a", region + "b", region + "c"}
}

// cidr cuts an IPv4 block as Fn::Cidr does: count subnets with hostBits bits left for hosts.
func (e *evaluator) cidr(argument any) any {
	evaluated := e.value(argument)
	items, _ := evaluated.([]any)
	values := make([]string, 0, 3)
	for _, item := range items {
		if text, ok := Text(item); ok {
			values = append(values, text)
		}
	}
	if len(values) != 3 {
		return Symbol{Text: "${Fn::Cidr}", Refs: Refs(evaluated)}
	}
	block, err := netip.ParsePrefix(values[0])
	count, errCount := strconv.Atoi(values[1])
	bits, errBits := strconv.Atoi(values[2])
	if err != nil || errCount != nil || errBits != nil || !block.Addr().Is4() || bits < 1 || bits > 32-block.Bits() || count < 1 || count > 256 ||
		count > 1<<(32-block.Bits()-bits) {
		e.mistake("Fn::Cidr: cannot cut %s blocks of %s bits out of %s", values[1], values[2], values[0])
		return Symbol{Text: "${Fn::Cidr}"}
	}
	base := block.Masked().Addr().As4()
	start := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	out := []any{}
	for i := range count {
		n := start + uint32(i)<<bits
		address := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		out = append(out, netip.PrefixFrom(address, 32-bits).String())
	}
	return out
}
