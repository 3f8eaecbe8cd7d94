package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"accountfleet/internal/gate/features"
)

var placeholder = regexp.MustCompile(`"<[^>]*>"|<Type>|<number>|\[[^\]]*\]|[\\/(){}]`)

// writeGlue writes the vocabulary as step definitions that editors read: the Cucumber extension completes and underlines steps by them.
// Nothing runs them.
func writeGlue(out io.Writer) error {
	var b bytes.Buffer
	b.WriteString("// Written by fleet steps --format glue, for editors: what each sentence demands. Nothing runs this file.\n")
	b.WriteString("defineParameterType({name: \"type\", regexp: /[A-Za-z0-9]+::[A-Za-z0-9:]+/})\n")
	for _, section := range features.Vocabulary() {
		fmt.Fprintf(&b, "\n// %s\n", section.Title)
		for _, step := range section.Steps {
			text := new(bytes.Buffer)
			encoder := json.NewEncoder(text)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(expression(step.Text)); err != nil {
				return fmt.Errorf("step %q: %w", step.Text, err)
			}
			fmt.Fprintf(&b, "Given(%s) // %s\n", strings.TrimSpace(text.String()), step.Help)
		}
	}
	_, err := out.Write(b.Bytes())
	return err
}

// expression is a sentence as a Cucumber expression.
func expression(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case found == "<Type>":
			return "{type}"
		case found == "<number>":
			return "{int}"
		case found[0] == '"':
			return "{string}"
		case found[0] == '[':
			return "(" + found[1:len(found)-1] + ")"
		}
		return `\` + found
	})
}
