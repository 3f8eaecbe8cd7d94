package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"accountfleet/internal/assembly"
	"accountfleet/internal/rehearsal/buildspec"
)

// source is a source action: CodeCommit, or a repository behind a CodeConnections connection. Both are played by the session's bare
// repository.
type source struct {
	repository string
	branch     string
	arn        string // of the repository, or of the connection
	connection bool
	clone      bool // later builds clone the repository instead of getting a zip of the commit
}

var sourceVariables = map[bool][]string{
	false: {"RepositoryName", "BranchName", "AuthorDate", "CommitterDate", "CommitId", "CommitMessage"},
	true:  {"ConnectionArn", "FullRepositoryName", "BranchName", "AuthorDate", "CommitId", "CommitMessage"},
}

func (h *source) offers() namespace {
	return namespace{names: sourceVariables[h.connection], known: true}
}

// codeCommit checks a CodeCommit action. Source: the CodePipeline user guide, "CodeCommit source action reference".
func (p *planner) codeCommit(where string, action assembly.Action) handler {
	p.keys(where, action.Configuration, []string{"RepositoryName", "BranchName"}, []string{"PollForSourceChanges", "OutputArtifactFormat"})
	h := &source{repository: action.Configuration["RepositoryName"], branch: action.Configuration["BranchName"]}
	repository := p.assembly.Repository
	switch {
	case repository == nil:
		p.problem(where, "the assembly has no AWS::CodeCommit::Repository %s", h.repository)
	case repository.Name != h.repository:
		p.problem(where, "RepositoryName %s is not the assembly's repository %s", h.repository, repository.Name)
	default:
		h.arn = repository.ARN
	}
	if action.Configuration["PollForSourceChanges"] != "false" {
		p.problem(where, "PollForSourceChanges must be false: a rule starts the pipeline, polling would start it twice")
	}
	p.sourceOutput(where, action, h)
	return h
}

// connection checks a CodeStarSourceConnection action.
func (p *planner) connection(where string, action assembly.Action) handler {
	p.keys(where, action.Configuration, []string{"ConnectionArn", "FullRepositoryId", "BranchName"}, []string{"OutputArtifactFormat", "DetectChanges"})
	h := &source{
		repository: action.Configuration["FullRepositoryId"], branch: action.Configuration["BranchName"],
		arn: action.Configuration["ConnectionArn"], connection: true,
	}
	if action.Configuration["DetectChanges"] == "false" {
		p.problem(where, "DetectChanges is false: no push would start the pipeline")
	}
	p.sourceOutput(where, action, h)
	return h
}

func (p *planner) sourceOutput(where string, action assembly.Action, h *source) {
	p.counts(where, action, 0, 1)
	switch format := action.Configuration["OutputArtifactFormat"]; format {
	case "CODEBUILD_CLONE_REF":
		h.clone = true
	case "", "CODE_ZIP":
	default:
		p.problem(where, "OutputArtifactFormat %s is not understood: want CODE_ZIP or CODEBUILD_CLONE_REF", format)
	}
	for _, output := range action.Outputs {
		p.sources[output] = h
	}
}

// run reads the pushed commit as the action's role and hands it on.
func (h *source) run(ctx context.Context, t *task) (map[string]string, error) {
	by, err := t.identity(ctx)
	if err != nil {
		return nil, err
	}
	for _, action := range h.permissions() {
		if err := t.session.require(ctx, by.arn, action, h.arn, h.conditions()); err != nil {
			return nil, err
		}
	}
	commit := t.execution.commit
	files, err := h.content(ctx, t, commit)
	if err != nil {
		return nil, err
	}
	zip := filepath.Join(t.dir, "source.zip")
	if err := pack(zip, files); err != nil {
		return nil, err
	}
	for _, output := range t.action.Outputs {
		if err := t.execution.artifacts.put(ctx, by, t.action.Region, output, zip); err != nil {
			return nil, err
		}
	}
	t.result.Summary = fmt.Sprintf("%s %s", commit[:12], t.execution.subject)
	return h.variables(ctx, t, commit)
}

// permissions are what the action's role needs. Source: "Service role permissions" of the action references.
func (h *source) permissions() []string {
	switch {
	case h.connection && strings.HasPrefix(h.arn, "arn:aws:codeconnections:"):
		return []string{"codeconnections:UseConnection"}
	case h.connection:
		return []string{"codestar-connections:UseConnection"}
	case h.clone:
		return []string{"codecommit:GetBranch", "codecommit:GetCommit", "codecommit:GetRepository"}
	}
	return []string{"codecommit:GetBranch", "codecommit:GetCommit", "codecommit:UploadArchive", "codecommit:GetUploadArchiveStatus"}
}

func (h *source) conditions() map[string][]string {
	if !h.connection {
		return nil
	}
	return map[string][]string{"codestar-connections:FullRepositoryId": {h.repository}, "codeconnections:FullRepositoryId": {h.repository}}
}

// content is what the output artifact holds: a reference to clone, or the files of the commit.
func (h *source) content(ctx context.Context, t *task, commit string) ([]buildspec.File, error) {
	if !h.clone {
		dir := filepath.Join(t.dir, "files")
		if err := t.session.repository.checkOut(ctx, commit, dir); err != nil {
			return nil, err
		}
		return buildspec.Set{Files: []string{"**/*"}, ExcludePaths: []string{".git/**/*"}}.Select(dir)
	}
	body, err := json.Marshal(map[string]string{"repository": h.arn, "branch": h.branch, "commit": commit})
	if err != nil {
		return nil, fmt.Errorf("write the clone reference: %w", err)
	}
	path := filepath.Join(t.dir, "clone.json")
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return nil, fmt.Errorf("write the clone reference: %w", err)
	}
	return []buildspec.File{{Path: path, Name: "clone.json"}}, nil
}

func (h *source) variables(ctx context.Context, t *task, commit string) (map[string]string, error) {
	shown, err := t.session.repository.git(ctx, "show", "--no-patch", "--format=%aI%n%cI%n%B", commit)
	if err != nil {
		return nil, err
	}
	lines := strings.SplitN(shown, "\n", 3)
	values := map[string]string{
		"BranchName": h.branch, "CommitId": commit, "AuthorDate": lines[0], "CommitMessage": strings.TrimSpace(lines[2]),
	}
	if h.connection {
		values["ConnectionArn"], values["FullRepositoryName"] = h.arn, h.repository
	} else {
		values["RepositoryName"], values["CommitterDate"] = h.repository, lines[1]
	}
	return values, nil
}

// fetch brings a source artifact into a build's workspace. A clone needs the permission to pull, as the project's role.
func (h *source) fetch(ctx context.Context, t *task, by identity, name, dir string) error {
	if err := t.execution.artifacts.get(ctx, by, t.action.Region, name, dir); err != nil {
		return err
	}
	if !h.clone {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil { // the reference gives way to the clone
		return fmt.Errorf("fetch source: %w", err)
	}
	pull := "codecommit:GitPull"
	if h.connection {
		pull = h.permissions()[0]
	}
	if err := t.session.require(ctx, by.arn, pull, h.arn, h.conditions()); err != nil {
		return err
	}
	return t.session.repository.clone(ctx, t.execution.commit, dir)
}
