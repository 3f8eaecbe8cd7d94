package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
)

// reference matches a pipeline variable such as #{Source.CommitId}.
var reference = regexp.MustCompile(`#\{([^{}]*)\}`)

// executionNamespace holds what CodePipeline itself knows of an execution.
const executionNamespace = "codepipeline"

// references returns the namespaces and names of all variables in text.
func references(text string) [][2]string {
	var found [][2]string
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		namespace, name, _ := strings.Cut(match[1], ".")
		found = append(found, [2]string{namespace, name})
	}
	return found
}

// variables are the output variables of one execution by namespace.
type variables struct {
	mu     sync.Mutex
	values map[string]map[string]string
}

func newVariables(execution string) *variables {
	return &variables{values: map[string]map[string]string{executionNamespace: {"PipelineExecutionId": execution}}}
}

// set makes an action's variables known under its namespace.
func (v *variables) set(namespace string, values map[string]string) {
	if namespace == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.values[namespace] = maps.Clone(values)
}

// expand replaces every variable in text; one that has no value is an error, as in CodePipeline.
func (v *variables) expand(text string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var missing []error
	expanded := reference.ReplaceAllStringFunc(text, func(match string) string {
		namespace, name, _ := strings.Cut(match[2:len(match)-1], ".")
		value, ok := v.values[namespace][name]
		if !ok {
			missing = append(missing, fmt.Errorf("variable %s has no value: the action of namespace %s did not export it", match, namespace))
		}
		return value
	})
	return expanded, errors.Join(missing...)
}

// expandAll replaces the variables in every value of a configuration.
func (v *variables) expandAll(configuration map[string]string) (map[string]string, error) {
	expanded := make(map[string]string, len(configuration))
	var missing []error
	for key, text := range configuration {
		value, err := v.expand(text)
		if err != nil {
			missing = append(missing, fmt.Errorf("%s: %w", key, err))
		}
		expanded[key] = value
	}
	return expanded, errors.Join(missing...)
}
