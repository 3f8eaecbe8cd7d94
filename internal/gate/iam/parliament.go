package iam

import (
	"context"
	_ "embed" // audit.py
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"accountfleet/internal/gate/tool"
)

// version of parliament whose answers this package understands.
const version = "1.6.4"

//go:embed audit.py
var audit []byte

// referencePath is where cfn-lint keeps its copy of the Service Authorization Reference, from its program.
const referencePath = "../lib/python3.*/site-packages/cfnlint/data/AdditionalSpecs/Policies.json"

// issue is something that parliament says about a policy.
type issue struct {
	Kind      string          `json:"kind"`
	Statement int             `json:"statement"` // its number, from 0; -1 for the whole policy
	Detail    json.RawMessage `json:"detail"`
	Text      string          `json:"text"` // the text that it is about
}

// text is a detail that is a text.
func (i issue) text() string {
	var s string
	_ = json.Unmarshal(i.Detail, &s) // details of other forms are read by who knows their kind
	return s
}

// canaries are planted in every run: policies, and what parliament must say about each. The last is sound.
var canaries = []struct {
	policy string
	kinds  []string
}{
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObjekt","Resource":"*"}]}`, []string{"UNKNOWN_ACTION"}},
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::canary"}]}`, []string{"RESOURCE_MISMATCH"}},
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::canary/*","Condition":{"StringEquals":{"ec2:Region":"x"}}}]}`, []string{"UNKNOWN_CONDITION_FOR_ACTION"}},
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::canary/*","Condition":{"StringsEqual":{"aws:username":"x"}}}]}`, []string{"UNKNOWN_OPERATOR"}},
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::canary/*","Condition":{"ForAllValues:StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/x"}}}]}`, []string{"SINGLE_VALUE_CONDITION_TOO_PERMISSIVE"}},
	{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::canary/*"}]}`, nil},
}

// question is a policy as the program of audit.py reads it.
type question struct {
	ID     string `json:"id"`
	Policy any    `json:"policy"`
}

// consult asks parliament about all policies in one process, with the canaries among them, and returns the issues of each.
func consult(ctx context.Context, locate tool.Locate, policies []any) ([][]issue, error) {
	box, err := tool.New()
	if err != nil {
		return nil, err
	}
	defer box.Close()
	interpreter, err := locate("parliament-python")
	if err != nil {
		return nil, err
	}
	reference, err := referenceOf(locate)
	if err != nil {
		return nil, err
	}
	var questions []question
	for i, p := range policies {
		questions = append(questions, question{strconv.Itoa(i), p})
	}
	for i, c := range canaries {
		questions = append(questions, question{canaryID(i), json.RawMessage(c.policy)})
	}
	body, err := json.Marshal(questions)
	if err != nil {
		return nil, fmt.Errorf("parliament: %w", err)
	}
	documents, err := box.Write("documents.json", body)
	if err != nil {
		return nil, err
	}
	program, err := box.Write("audit.py", audit)
	if err != nil {
		return nil, err
	}
	answer, err := box.Run(ctx, interpreter.Path, []string{"-I", program, documents, reference})
	if err != nil {
		return nil, err
	}
	return read(answer, len(policies))
}

// referenceOf finds the Service Authorization Reference beside the located cfn-lint.
func referenceOf(locate tool.Locate) (string, error) {
	lint, err := locate("cfn-lint")
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(lint.Path)
	if err != nil {
		return "", fmt.Errorf("cfn-lint: %w: run make tools", err)
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(resolved), referencePath))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("cfn-lint: no Service Authorization Reference in %s: the tool is not whole: run make tools", filepath.Dir(filepath.Dir(resolved)))
	}
	return found[0], nil
}

func canaryID(i int) string { return "canary-" + strconv.Itoa(i) }

// read checks that the answer is one: right version, every policy accounted for, every canary judged as it must be.
func read(answer tool.Result, asked int) ([][]issue, error) {
	if answer.Code != 0 || len(answer.Stderr) > 0 {
		return nil, fmt.Errorf("parliament: exit status %d: %s: run make tools", answer.Code, tool.Excerpt(answer.Stderr))
	}
	var said struct {
		Version string             `json:"version"`
		Issues  map[string][]issue `json:"issues"`
	}
	if err := json.Unmarshal(answer.Stdout, &said); err != nil {
		return nil, fmt.Errorf("parliament: report cannot be read: %w", err)
	}
	if said.Version != version {
		return nil, fmt.Errorf("parliament: says version %q, want %s: run make tools", said.Version, version)
	}
	if len(said.Issues) != asked+len(canaries) {
		return nil, fmt.Errorf("parliament: was asked about %d policies and answered about %d", asked+len(canaries), len(said.Issues))
	}
	for i, c := range canaries {
		got := map[string]bool{}
		for _, one := range said.Issues[canaryID(i)] {
			got[one.Kind] = true
		}
		want := map[string]bool{}
		for _, k := range c.kinds {
			want[k] = true
		}
		if !maps.Equal(got, want) {
			return nil, fmt.Errorf("parliament: proof of life: of a planted policy it says %v, want %v: the tool is not to be trusted: run make tools",
				slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
	out := make([][]issue, asked)
	for i := range out {
		issues, ok := said.Issues[strconv.Itoa(i)]
		if !ok {
			return nil, errors.New("parliament: did not answer about every policy")
		}
		out[i] = issues
	}
	return out, nil
}
