package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"accountfleet/internal/gate/tool"
)

var rule = regexp.MustCompile(`^[EWI][0-9]{4}$`)

// IsRule says whether name has the form of cfn-lint's rule ids.
func IsRule(name string) bool { return rule.MatchString(name) }

// explainer prints what cfn-lint knows of a rule, as JSON.
const explainer = `import json, os, sys
import cfnlint.rules
rules = cfnlint.rules.Rules.create_from_directory(os.path.dirname(cfnlint.rules.__file__))
found = [r for r in rules.values() if r.id == sys.argv[1]]
json.dump([[r.shortdesc, r.description, r.source_url] for r in found], sys.stdout)
`

// Explain tells what cfn-lint says about one of its rules.
func Explain(ctx context.Context, locate tool.Locate, name string) (string, error) {
	located, err := locate("cfn-lint")
	if err != nil {
		return "", err
	}
	interpreter, err := interpreterOf(located.Path)
	if err != nil {
		return "", err
	}
	box, err := tool.New()
	if err != nil {
		return "", err
	}
	defer box.Close()
	answer, err := box.Run(ctx, interpreter, []string{"-I", "-c", explainer, name})
	if err != nil {
		return "", err
	}
	var found [][3]string
	if err := json.Unmarshal(answer.Stdout, &found); err != nil || answer.Code != 0 {
		return "", fmt.Errorf("cfn-lint: exit status %d: %s: run make tools", answer.Code, tool.Excerpt(answer.Stderr))
	}
	if len(found) == 0 {
		return "", fmt.Errorf("cfn-lint %s has no rule %s: take the id from a finding", version, name)
	}
	return fmt.Sprintf("%s, of the schema gate (cfn-lint %s)\n\nwhat    %s\nwhy     %s\nsource  %s\n", name, version, found[0][0], found[0][1], found[0][2]), nil
}
