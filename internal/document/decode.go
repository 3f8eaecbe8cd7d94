package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Text is a string field that also takes numbers and booleans, spelt as they were written: parameters are text to CloudFormation.
type Text string

var textType = reflect.TypeFor[Text]()

// Decode fills target, a pointer to a struct, from the report's document and reports every mistake in one go: unknown keys, values
// of the wrong type, missing values. Fields are named by their json tag and are required unless it says omitempty; what a missing
// field is for is told by the first sentence of its jsonschema_description. Values that were wrong stay zero.
func Decode(r *Report, target any) {
	r.decode(r.document.Value, reflect.ValueOf(target).Elem(), "")
}

func (r *Report) decode(value any, into reflect.Value, pointer string) {
	if value == nil {
		r.Add(pointer, "has no value", "write one, or delete the key")
		return
	}
	switch {
	case into.Type() == textType:
		r.decodeText(value, into, pointer)
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.decode(value, into.Elem(), pointer)
	case into.Kind() == reflect.Struct:
		r.decodeStruct(value, into, pointer)
	case into.Kind() == reflect.Map:
		r.decodeMap(value, into, pointer)
	case into.Kind() == reflect.Slice:
		r.decodeList(value, into, pointer)
	default:
		r.decodeScalar(value, into, pointer)
	}
}

func (r *Report) decodeStruct(value any, into reflect.Value, pointer string) {
	values, ok := value.(map[string]any)
	if !ok {
		r.Add(pointer, "want a map of keys, got "+describe(value), "write its keys below it, indented")
		return
	}
	known := make([]string, 0, into.NumField())
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		known = append(known, name)
		at := pointer + Pointer(name)
		if inner, ok := values[name]; ok {
			r.decode(inner, into.Field(i), at)
		} else if options == "" {
			purpose, _, _ := strings.Cut(field.Tag.Get("jsonschema_description"), ". ")
			r.Add(at, "is missing", "add it: "+strings.TrimSuffix(purpose, "."))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(known, key) {
			continue
		}
		cure := "remove it; known here: " + strings.Join(known, ", ")
		if near := Nearest(key, known); near != "" {
			cure = "did you mean " + near
		}
		r.Add(pointer+Pointer(key), "unknown key", cure)
	}
}

func (r *Report) decodeMap(value any, into reflect.Value, pointer string) {
	values, ok := value.(map[string]any)
	if !ok {
		r.Add(pointer, "want a map of keys, got "+describe(value), "write its keys below it, indented")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		element := reflect.New(into.Type().Elem()).Elem()
		r.decode(values[key], element, pointer+Pointer(key))
		into.SetMapIndex(reflect.ValueOf(key), element)
	}
}

func (r *Report) decodeList(value any, into reflect.Value, pointer string) {
	values, ok := value.([]any)
	if !ok {
		r.Add(pointer, "want a list, got "+describe(value), "write [..] or one line with a dash for each")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, element := range values {
		r.decode(element, into.Index(i), pointer+"/"+strconv.Itoa(i))
	}
}

func (r *Report) decodeText(value any, into reflect.Value, pointer string) {
	switch v := value.(type) {
	case string:
		into.SetString(v)
	case json.Number:
		into.SetString(v.String())
	case bool:
		into.SetString(strconv.FormatBool(v))
	case []any:
		r.Add(pointer, "want text, got a list", `write the values joined by commas: "a,b"`)
	default:
		r.Add(pointer, "want text, got "+describe(value), "write text")
	}
}

func (r *Report) decodeScalar(value any, into reflect.Value, pointer string) {
	switch kind := into.Kind(); kind {
	case reflect.String:
		text, ok := value.(string)
		if !ok {
			r.Add(pointer, "want text, got "+describe(value), textCure(value))
		}
		into.SetString(text)
	case reflect.Bool:
		flag, ok := value.(bool)
		if !ok {
			r.Add(pointer, "want true or false, got "+describe(value), "write true or false, unquoted")
		}
		into.SetBool(flag)
	case reflect.Int:
		number, ok := value.(json.Number)
		n, err := strconv.Atoi(number.String())
		if !ok || err != nil {
			r.Add(pointer, "want a whole number, got "+describe(value), "write digits, unquoted")
		}
		into.SetInt(int64(n))
	default:
		panic(fmt.Sprintf("document: cannot decode into %s", into.Type()))
	}
}

// textCure says how a value that is no text is written as text.
func textCure(value any) string {
	switch v := value.(type) {
	case json.Number, bool:
		return fmt.Sprintf("quote it: %q", fmt.Sprint(v))
	default:
		return "write text"
	}
}

// shown is how many characters of a value a message repeats.
const shown = 60

// describe names a value in a message.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		if runes := []rune(v); len(runes) > shown {
			v = string(runes[:shown]) + "..."
		}
		return fmt.Sprintf("text %q", v)
	case json.Number:
		return "the number " + v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	default:
		return "a map"
	}
}
