package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/assembly"
)

// cloudFormation is a deploy action on one stack.
type cloudFormation struct {
	mode     string // CREATE_UPDATE, CHANGE_SET_REPLACE or CHANGE_SET_EXECUTE
	artifact string // artifact that holds the template
	file     string // its path there
}

// cloudFormation checks a CloudFormation action. Source: the CodePipeline user guide, "CloudFormation deploy action reference".
func (p *planner) cloudFormation(where string, action assembly.Action) handler {
	p.counts(where, action, 10, 0)
	c := action.Configuration
	h := &cloudFormation{mode: c["ActionMode"]}
	optional := []string{"Capabilities", "ParameterOverrides"}
	switch h.mode {
	case "CREATE_UPDATE":
		p.keys(where, c, []string{"ActionMode", "StackName", "TemplatePath", "RoleArn"}, optional)
	case "CHANGE_SET_REPLACE":
		p.keys(where, c, []string{"ActionMode", "StackName", "TemplatePath", "RoleArn", "ChangeSetName"}, optional)
	case "CHANGE_SET_EXECUTE":
		p.keys(where, c, []string{"ActionMode", "StackName", "ChangeSetName"}, append(optional, "RoleArn"))
	default:
		p.problem(where, "ActionMode %s is not understood: want CREATE_UPDATE, CHANGE_SET_REPLACE or CHANGE_SET_EXECUTE", h.mode)
	}
	for _, capability := range capabilities(c["Capabilities"]) {
		if !slices.Contains([]string{"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"}, capability) {
			p.problem(where, "capability %q is not understood: join CAPABILITY_* with commas and no space", capability)
		}
	}
	if _, err := overrides(c["ParameterOverrides"]); err != nil {
		p.problem(where, "ParameterOverrides: %v", err)
	}
	h.template(p, where, action)
	return h
}

// template finds artifact and file of the template, which must come from an input that is no clone reference.
func (h *cloudFormation) template(p *planner, where string, action assembly.Action) {
	text := action.Configuration["TemplatePath"]
	if text == "" {
		return
	}
	artifact, file, ok := strings.Cut(text, "::")
	if !ok || !filepath.IsLocal(file) {
		p.problem(where, "TemplatePath %s: want artifact::file", text)
		return
	}
	if !slices.Contains(action.Inputs, artifact) {
		p.problem(where, "TemplatePath %s: %s is no input artifact of the action", text, artifact)
	}
	if s := p.sources[artifact]; s != nil && s.clone {
		p.problem(where, "TemplatePath %s: a full clone can be used by CodeBuild only", text)
	}
	h.artifact, h.file = artifact, file
}

// offers: the outputs of the stack, which only the run will tell; a change set that was not executed has none.
func (h *cloudFormation) offers() namespace { return namespace{known: h.mode == "CHANGE_SET_REPLACE"} }

func capabilities(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func overrides(text string) (map[string]string, error) {
	values := map[string]string{}
	if text == "" {
		return values, nil
	}
	if len(text) > 1024 {
		return nil, fmt.Errorf("%d characters: CodePipeline takes at most 1024", len(text))
	}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("want a JSON object of strings: %w", err)
	}
	return values, nil
}

// run carries out the action with the credentials of its role.
func (h *cloudFormation) run(ctx context.Context, t *task) (map[string]string, error) {
	by, err := t.identity(ctx)
	if err != nil {
		return nil, err
	}
	c := t.action.Configuration
	parameters, err := overrides(c["ParameterOverrides"])
	if err != nil {
		return nil, failure("ParameterOverrides: %v", err)
	}
	stack := stackAction{
		client: newStackClient(by), name: c["StackName"], changeSet: c["ChangeSetName"], role: c["RoleArn"],
		capabilities: capabilities(c["Capabilities"]), parameters: parameters, say: t.say,
	}
	if h.file != "" {
		body, err := h.read(ctx, t, by)
		if err != nil {
			return nil, err
		}
		if stack.template, stack.templateURL, err = h.hand(ctx, t, body); err != nil {
			return nil, err
		}
	}
	if stack.role != "" && h.mode != "CHANGE_SET_EXECUTE" {
		passed := map[string][]string{"iam:PassedToService": {"cloudformation.amazonaws.com"}}
		if err := t.session.require(ctx, by.arn, "iam:PassRole", stack.role, passed); err != nil {
			return nil, err
		}
	}
	return h.apply(ctx, t, stack)
}

func (h *cloudFormation) apply(ctx context.Context, t *task, stack stackAction) (variables map[string]string, err error) {
	switch h.mode {
	case "CREATE_UPDATE":
		t.result.Summary, err = stack.createOrUpdate(ctx)
	case "CHANGE_SET_REPLACE":
		t.result.Summary, err = stack.replaceChangeSet(ctx)
		return nil, err
	case "CHANGE_SET_EXECUTE":
		t.result.Summary, err = stack.executeChangeSet(ctx)
	default:
		err = fmt.Errorf("action mode %s is not understood", h.mode)
	}
	if err != nil {
		return nil, err
	}
	return stack.outputs(ctx)
}

// bodyLimit is the size of a template that CloudFormation takes in a request; a larger one must lie in S3.
const bodyLimit = 51_200

// hand gives CloudFormation the template in the request or, if it is too large for that, by an address in the artifact store, where
// CodePipeline puts it with its own role.
func (h *cloudFormation) hand(ctx context.Context, t *task, body string) (text, url string, err error) {
	if len(body) <= bodyLimit {
		return body, "", nil
	}
	pipeline, err := t.session.pipelineIdentity(ctx)
	if err != nil {
		return "", "", err
	}
	file := filepath.Join(t.dir, "template.json")
	if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
		return "", "", fmt.Errorf("hand over the template: %w", err)
	}
	key := strings.Join([]string{t.execution.artifacts.prefix, cut(h.artifact, 10), "template-" + t.action.Name + ".json"}, "/")
	if err := t.execution.artifacts.upload(ctx, pipeline, t.action.Region, key, file); err != nil {
		return "", "", fmt.Errorf("hand over the template: %w", err)
	}
	store, err := t.execution.artifacts.store(t.action.Region)
	return "", fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", store.Bucket, t.action.Region, key), err
}

// read gets the template out of its artifact as the action's role.
func (h *cloudFormation) read(ctx context.Context, t *task, by identity) (string, error) {
	dir := filepath.Join(t.dir, "input", h.artifact)
	if err := t.execution.artifacts.get(ctx, by, t.action.Region, h.artifact, dir); err != nil {
		return "", err
	}
	body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(h.file)))
	if os.IsNotExist(err) {
		return "", failure("artifact %s holds no file %s", h.artifact, h.file)
	}
	if err != nil {
		return "", fmt.Errorf("read template: %w", err)
	}
	if len(body) > 1_000_000 {
		return "", failure("template %s has %d bytes: CloudFormation takes at most 1,000,000", h.file, len(body))
	}
	return string(body), nil
}
