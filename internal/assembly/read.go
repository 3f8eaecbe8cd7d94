package assembly

import (
	"strings"
)

// fill reads everything that the rehearsal needs out of the templates.
func (l *loader) fill(a *Assembly) {
	a.Pipeline = l.readPipeline()
	a.Projects = map[string]Project{}
	for _, r := range l.resources("AWS::CodeBuild::Project") {
		p := readProject(r)
		a.Projects[p.Name] = p
	}
	if a.Pipeline != nil {
		l.readRules(a)
	}
	a.Repository = l.readRepository()
	roles := l.readRoles()
	for _, r := range roles {
		path := "Resources." + r.resource.id
		a.Roles = append(a.Roles, Role{ARN: r.resource.template.text(path, r.resource.attribute(path, "Arn")), Actions: r.actions})
	}
	if a.Pipeline.has("Manual") {
		a.Reviewers, a.Approvers = l.roleFor(roles, "codepipeline:PutApprovalResult", "who may approve")
	}
	if a.Repository != nil {
		a.Engineers, _ = l.roleFor(ofPeople(roles), "codecommit:GitPush", "who may push")
	}
}

func (p *Pipeline) has(provider string) bool {
	if p == nil {
		return false
	}
	for _, s := range p.Stages {
		for _, a := range s.Actions {
			if a.Provider == provider {
				return true
			}
		}
	}
	return false
}

func (l *loader) readPipeline() *Pipeline {
	found := l.resources("AWS::CodePipeline::Pipeline")
	if len(found) != 1 {
		var where []string
		for _, r := range found {
			where = append(where, r.template.stack.Name+": Resources."+r.id)
		}
		l.problem("assembly", "Resources", "want exactly one AWS::CodePipeline::Pipeline, found %d %s", len(found), strings.Join(where, ", "))
		return nil
	}
	r := found[0]
	root := node{template: r.template, path: r.path(), value: r.template.resolve(r.path(), map[string]any(r.properties))}
	root.only("Name", "RoleArn", "ExecutionMode", "PipelineType", "ArtifactStore", "ArtifactStores", "Stages", "Tags",
		"RestartExecutionOnUpdate")
	if kind := root.at("PipelineType").text(); kind != "V2" {
		root.at("PipelineType").problem("want V2, got %q: QUEUED and conditions need it", kind)
	}
	s := r.template.stack
	p := &Pipeline{
		Name: root.at("Name").need(), Account: s.Account, Region: s.Region, RoleARN: root.at("RoleArn").need(),
		ExecutionMode: root.at("ExecutionMode").text(), Stores: readStores(root, s.Region),
	}
	p.ARN = "arn:aws:codepipeline:" + s.Region + ":" + s.Account + ":" + p.Name
	for _, stage := range root.at("Stages").items() {
		p.Stages = append(p.Stages, readStage(stage, p))
	}
	return p
}

func readStores(root node, home string) map[string]Store {
	stores := map[string]Store{}
	if one := root.at("ArtifactStore"); !one.missing() {
		stores[home] = readStore(one)
	}
	for _, item := range root.at("ArtifactStores").items() {
		item.only("Region", "ArtifactStore")
		stores[item.at("Region").need()] = readStore(item.at("ArtifactStore"))
	}
	if len(stores) == 0 {
		root.problem("ArtifactStore is missing")
	}
	return stores
}

func readStore(n node) Store {
	n.only("Type", "Location", "EncryptionKey")
	key := n.at("EncryptionKey")
	key.only("Type", "Id")
	return Store{Bucket: n.at("Location").need(), KeyARN: key.at("Id").text()}
}

func readStage(n node, p *Pipeline) Stage {
	n.only("Name", "Actions", "BeforeEntry")
	stage := Stage{Name: n.at("Name").need()}
	for _, action := range n.at("Actions").items() {
		stage.Actions = append(stage.Actions, readAction(action, p))
	}
	entry := n.at("BeforeEntry")
	entry.only("Conditions")
	for _, c := range entry.at("Conditions").items() {
		stage.Entry = append(stage.Entry, readCondition(c))
	}
	return stage
}

func readCondition(n node) Condition {
	n.only("Result", "Rules")
	condition := Condition{Result: n.at("Result").need()}
	for _, r := range n.at("Rules").items() {
		r.only("Name", "RuleTypeId", "Configuration")
		condition.Rules = append(condition.Rules, Rule{
			Name:          r.at("Name").need(),
			Provider:      r.at("RuleTypeId").at("Provider").need(),
			Configuration: r.at("Configuration").texts(),
		})
	}
	return condition
}

func readAction(n node, p *Pipeline) Action {
	n.only("Name", "ActionTypeId", "RunOrder", "RoleArn", "Region", "Namespace", "InputArtifacts", "OutputArtifacts",
		"Configuration", "TimeoutInMinutes")
	kind := n.at("ActionTypeId")
	kind.only("Category", "Owner", "Provider", "Version")
	action := Action{
		Name: n.at("Name").need(), Category: kind.at("Category").need(), Owner: kind.at("Owner").need(),
		Provider: kind.at("Provider").need(), RunOrder: n.at("RunOrder").number(1), RoleARN: n.at("RoleArn").text(),
		Region: n.at("Region").text(), Namespace: n.at("Namespace").text(), Configuration: n.at("Configuration").texts(),
		TimeoutMinutes: n.at("TimeoutInMinutes").number(0),
	}
	if action.Region == "" {
		action.Region = p.Region
	}
	action.Account = p.Account
	if parts := strings.Split(action.RoleARN, ":"); len(parts) > 4 {
		action.Account = parts[4]
	}
	for _, input := range n.at("InputArtifacts").items() {
		action.Inputs = append(action.Inputs, input.at("Name").need())
	}
	for _, output := range n.at("OutputArtifacts").items() {
		action.Outputs = append(action.Outputs, output.at("Name").need())
	}
	return action
}

func readProject(r resource) Project {
	root := node{template: r.template, path: r.path(), value: r.template.resolve(r.path(), map[string]any(r.properties))}
	environment, logs := root.at("Environment"), root.at("LogsConfig").at("CloudWatchLogs")
	s := r.template.stack
	p := Project{
		Name: root.at("Name").need(), RoleARN: root.at("ServiceRole").need(), Source: root.at("Source").at("Type").text(), Buildspec: root.at("Source").at("BuildSpec").need(),
		Image: environment.at("Image").text(), TimeoutMinutes: root.at("TimeoutInMinutes").number(60),
		LogGroup: logs.at("GroupName").text(), EncryptionKey: root.at("EncryptionKey").text(),
	}
	p.ARN = "arn:aws:codebuild:" + s.Region + ":" + s.Account + ":project/" + p.Name
	for _, v := range environment.at("EnvironmentVariables").items() {
		v.only("Name", "Value", "Type")
		kind := v.at("Type").text()
		if kind == "" {
			kind = "PLAINTEXT"
		}
		p.Environment = append(p.Environment, Variable{Name: v.at("Name").need(), Value: v.at("Value").text(), Type: kind})
	}
	return p
}

// readRules sorts the enabled rules by what they start: the pipeline, a project beside it, or neither.
func (l *loader) readRules(a *Assembly) {
	projects := map[string]string{}
	for name, p := range a.Projects {
		projects[p.ARN] = name
	}
	for _, r := range l.resources("AWS::Events::Rule") {
		if r.text("State") == "DISABLED" {
			continue
		}
		name := r.text("Name")
		if name == "" {
			name = r.id
		}
		before := len(a.Triggers) + len(a.Starters)
		for _, target := range r.node("Targets").items() {
			arn := target.at("Arn").text()
			if arn == a.Pipeline.ARN {
				a.Triggers = append(a.Triggers, readTrigger(r, name, target)...)
			} else if project, ok := projects[arn]; ok {
				a.Starters = append(a.Starters, readStarter(r, name, project, target)...)
			}
		}
		if len(a.Triggers)+len(a.Starters) == before {
			a.OtherRules = append(a.OtherRules, name)
		}
	}
}

// readTrigger reads a rule that starts the pipeline on an event; a schedule has no pattern and is none.
func readTrigger(r resource, name string, target node) []Trigger {
	pattern := readPattern(r)
	if pattern == nil {
		return nil
	}
	return []Trigger{{Name: name, Pattern: pattern, RoleARN: target.at("RoleArn").need()}}
}

// readPattern is what a rule selects, nil for a schedule.
func readPattern(r resource) map[string]any {
	pattern := r.node("EventPattern")
	if pattern.missing() {
		return nil
	}
	body, ok := pattern.value.(map[string]any)
	if !ok {
		pattern.problem("want a map, got %s", describe(pattern.value))
	}
	return body
}

// readStarter reads a rule that starts a build, with what it passes on of the event.
func readStarter(r resource, name, project string, target node) []Starter {
	pattern := readPattern(r)
	if pattern == nil {
		return nil
	}
	target.only("Id", "Arn", "RoleArn", "InputTransformer", "RetryPolicy")
	input := target.at("InputTransformer")
	input.only("InputPathsMap", "InputTemplate")
	starter := Starter{
		Name: name, Pattern: pattern, RoleARN: target.at("RoleArn").need(), Project: project, Input: input.at("InputTemplate").text(),
	}
	if paths := input.at("InputPathsMap"); !paths.missing() {
		starter.Paths = paths.texts()
	}
	return []Starter{starter}
}

func (l *loader) readRepository() *Repository {
	found := l.resources("AWS::CodeCommit::Repository")
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		l.problem(found[1].template.stack.Name, "Resources."+found[1].id, "a second AWS::CodeCommit::Repository: only one can be the catalog")
	}
	r := found[0]
	s, code := r.template.stack, r.node("Code")
	code.only("S3", "BranchName")
	name := r.text("RepositoryName")
	return &Repository{
		Name: name, Region: s.Region, Account: s.Account, Branch: code.at("BranchName").text(),
		ARN: "arn:aws:codecommit:" + s.Region + ":" + s.Account + ":" + name,
	}
}
