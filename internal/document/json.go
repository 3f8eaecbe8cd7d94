package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"accountfleet/internal/finding"
)

// Canonical is value as JSON on one line, with sorted keys and nothing escaped that need not be. Value must be made of what Document
// says, or of types that encoding/json can marshal; anything else is a programming error and panics.
func Canonical(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("document: value has no JSON form: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Strict fills target from JSON that a program wrote. A key that target does not have is an error, and so is anything behind the value:
// another version wrote it, or somebody changed it.
func Strict(body []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	if end := decoder.InputOffset(); len(bytes.TrimSpace(body[end:])) > 0 {
		return fmt.Errorf("something follows the JSON, which ends after %d bytes", end)
	}
	return nil
}

// json reads a JSON file into p.document.
func (p *parser) json(body []byte) {
	var discard any
	if err := json.Unmarshal(body, &discard); err != nil {
		var syntax *json.SyntaxError
		var unfit *json.UnmarshalTypeError // a number that no float64 can hold
		at := finding.Span{Line: 1}
		if errors.As(err, &syntax) {
			at = spanAt(body, p.starts, max(int(syntax.Offset)-1, 0))
		} else if errors.As(err, &unfit) {
			at = spanAt(body, p.starts, min(max(int(unfit.Offset)-1, 0), len(body)))
		}
		p.refuse("SYNTAX", at, "is not JSON: "+err.Error(), "mend the JSON at this place; comments and trailing commas are not allowed")
		return
	}
	r := &reader{parser: p, body: body, decoder: json.NewDecoder(bytes.NewReader(body))}
	r.decoder.UseNumber()
	token, at, err := r.next()
	if err == nil {
		p.document.Lines[""] = at
		p.document.Value, err = r.value(token, at, "", 0)
	}
	if err != nil && !p.deep {
		p.refuse("SYNTAX", at, "is not JSON: "+err.Error(), "mend the JSON at this place")
	}
}

// errDeep stops the reader at the depth limit, which was reported already.
var errDeep = errors.New("nested too deeply")

// reader walks the tokens of a JSON text that is known to be well formed.
type reader struct {
	*parser
	body    []byte
	decoder *json.Decoder
}

// next reads a token and finds the place at which it starts.
func (r *reader) next() (json.Token, finding.Span, error) {
	start := int(r.decoder.InputOffset())
	for start < len(r.body) && bytes.IndexByte([]byte(" \t\r\n,:"), r.body[start]) >= 0 {
		start++
	}
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return token, spanAt(r.body, r.starts, start), err
}

// value completes the value that starts with token.
func (r *reader) value(token json.Token, at finding.Span, pointer string, depth int) (any, error) {
	if depth > MaxDepth {
		r.refuseDepth(at)
		return nil, errDeep
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return r.list(pointer, depth)
		}
		return r.object(pointer, depth)
	case string:
		r.replaced(t, at)
	case nil:
		if r.options.CloudFormation {
			r.refuse("NULL", at, "a value is missing, and CloudFormation refuses null", "write a value, or delete the key")
		}
	}
	return token, nil
}

// list reads up to the closing bracket.
func (r *reader) list(pointer string, depth int) (any, error) {
	list := []any{}
	for {
		token, at, err := r.next()
		if err != nil || token == json.Delim(']') {
			return list, err
		}
		child := pointer + "/" + strconv.Itoa(len(list))
		r.document.Lines[child] = at
		value, err := r.value(token, at, child, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
}

// object reads up to the closing brace and refuses keys that come twice.
func (r *reader) object(pointer string, depth int) (any, error) {
	values := map[string]any{}
	first := map[string]int{}
	for {
		token, at, err := r.next()
		if err != nil || token == json.Delim('}') {
			return values, err
		}
		key, _ := token.(string)
		r.replaced(key, at)
		if line, twice := first[key]; twice {
			r.refuse("DUPLICATE_KEY", at, fmt.Sprintf("key %q comes twice, first on line %d, and readers disagree on which one counts", key, line), "keep one of them")
		} else {
			first[key] = at.Line
		}
		child := pointer + Pointer(key)
		r.document.Lines[child] = at
		inner, place, err := r.next()
		if err != nil {
			return nil, err
		}
		value, err := r.value(inner, place, child, depth+1)
		if err != nil {
			return nil, err
		}
		values[key] = value
	}
}
