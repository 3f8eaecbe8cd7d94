package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// Names of the stages that other stacks and people refer to.
const (
	prodStage     = "Prod"
	approveAction = "Approve"
)

// designer lays the stages out. It knows names only, so that the whole pipeline can be read in this file.
type designer struct {
	s      *config.Settings
	builds map[string]*parts.Build
	source string // ARN of the source action's role
}

// stages is the pipeline. Beta, Gamma and Prod are skipped when Package found nothing to publish.
func (d *designer) stages() ([]parts.Stage, error) {
	nothing := &parts.Unless{Variable: variable(packaging, "CHANGES"), Value: "0"}
	prod, err := d.prod()
	if err != nil {
		return nil, err
	}
	return []parts.Stage{
		{Name: "Source", Actions: []parts.Action{d.sourceAction()}},
		{Name: "Alpha", Actions: []parts.Action{
			d.build(policyAsCode, 1), d.build(secretsDetection, 1), d.build(unitTests, 1), d.build(packaging, 2),
		}},
		{Name: "Beta", Unless: nothing, Actions: []parts.Action{d.build(provision, 1), d.build(integrationTests, 2)}},
		{Name: "Gamma", Unless: nothing, Actions: d.gamma()},
		{Name: prodStage, Unless: nothing, Actions: prod},
	}, nil
}

func (d *designer) build(action string, order int) parts.Action {
	return d.builds[action].Action(order)
}

// sourceAction gives builds a full clone: without .git no history could be scanned.
func (d *designer) sourceAction() parts.Action {
	action := parts.Action{
		Name: "Source", Category: "Source", Owner: "AWS", RunOrder: 1, RoleARN: d.source, Namespace: variablesOf(sourceArtifact), Outputs: []string{sourceArtifact},
	}
	if connection := d.s.Source.Connection; connection != nil {
		action.Provider = "CodeStarSourceConnection"
		action.Configuration = map[string]string{
			"ConnectionArn": connection.ARN, "FullRepositoryId": connection.Repository, "BranchName": d.s.Source.Branch,
			"OutputArtifactFormat": "CODEBUILD_CLONE_REF", "DetectChanges": "true",
		}
		return action
	}
	action.Provider = "CodeCommit"
	action.Configuration = map[string]string{
		"RepositoryName": d.s.Source.Repository, "BranchName": d.s.Source.Branch, "PollForSourceChanges": "false",
		"OutputArtifactFormat": "CODEBUILD_CLONE_REF",
	}
	return action
}

func (d *designer) gamma() []parts.Action {
	s := d.s
	portfolio := d.cloudFormation("GammaPortfolio", 2, "CREATE_UPDATE", d.catalog(s.Regions.Home), s.GammaPortfolioStack())
	portfolio.template(packaging, s.GammaPortfolioStack())
	portfolio.Namespace = "GammaPortfolio"
	access := d.cloudFormation("GammaAccess", 3, "CREATE_UPDATE", target{
		account: s.Accounts.Gamma, region: s.Regions.Home, role: s.GammaDeployRole(), cloudFormation: s.GammaCloudFormationRole(),
	}, s.GammaAccessStack())
	access.template(packaging, s.GammaAccessStack())
	access.Configuration["ParameterOverrides"] = `{"PortfolioId":"#{GammaPortfolio.PortfolioId}"}`
	return []parts.Action{d.build(store, 1), portfolio.Action, access.Action, d.build(consume, 4)}
}

// prod is the publication. Change sets of products come before the approval, those of portfolios after: CloudFormation resolves
// Fn::ImportValue when a change set is created, so the products must exist.
func (d *designer) prod() ([]parts.Action, error) {
	var sets, executes, portfolioSets, portfolioExecutes, access []parts.Action
	for _, shard := range d.shards() {
		sets = append(sets, d.changeSet(2, shard))
		executes = append(executes, d.execute(6, shard))
	}
	for _, region := range d.s.Regions.Catalog {
		for _, portfolio := range d.s.Portfolios {
			p := publication{name: "Portfolio-" + portfolio.ID + suffix(d.s, region), stack: d.s.PortfolioStack(portfolio.ID), region: region}
			portfolioSets = append(portfolioSets, d.changeSet(7, p))
			execute := d.execute(8, p)
			execute.Namespace = p.name
			portfolioExecutes = append(portfolioExecutes, execute)
		}
		for _, account := range accessAccounts(d.s) {
			action, err := d.access(9, account, region)
			if err != nil {
				return nil, err
			}
			access = append(access, action)
		}
	}
	return slices.Concat([]parts.Action{d.build(render, 1)}, sets, []parts.Action{d.build(dossier, 3), d.approval(4), d.build(preflight, 5)},
		executes, portfolioSets, portfolioExecutes, access, []parts.Action{d.build(settle, 10), d.build(verify, 11)}), nil
}

// publication is a stack that a change-set pair publishes to the catalog account.
type publication struct {
	name   string // end of the names of its actions
	stack  string
	region string
}

func (d *designer) shards() []publication {
	var list []publication
	for _, region := range d.s.Regions.Catalog {
		for shard := range d.s.Shards {
			list = append(list, publication{
				name: fmt.Sprintf("Products-%d%s", shard, suffix(d.s, region)), stack: d.s.ProductsStack(shard), region: region,
			})
		}
	}
	// IAM is global, so launch roles have no copies in other regions.
	for shard := range d.s.Shards {
		name := "LaunchRoles"
		if shard > 0 {
			name += fmt.Sprintf("-%d", shard)
		}
		list = append(list, publication{name: name, stack: d.s.LaunchRolesStack(shard), region: d.s.Regions.Home})
	}
	return list
}

func (d *designer) changeSet(order int, p publication) parts.Action {
	action := d.cloudFormation("ChangeSet-"+p.name, order, "CHANGE_SET_REPLACE", d.catalog(p.region), p.stack)
	action.template(planArtifact, p.stack+suffix(d.s, p.region))
	action.Configuration["ChangeSetName"] = d.s.ChangeSet()
	return action.Action
}

func (d *designer) execute(order int, p publication) parts.Action {
	action := d.cloudFormation("Execute-"+p.name, order, "CHANGE_SET_EXECUTE", d.catalog(p.region), p.stack)
	delete(action.Configuration, "RoleArn")
	delete(action.Configuration, "Capabilities")
	action.Configuration["ChangeSetName"] = d.s.ChangeSet()
	return action.Action
}

func (d *designer) approval(order int) parts.Action {
	return parts.Action{
		Name: approveAction, Category: "Approval", Owner: "AWS", Provider: "Manual", RunOrder: order,
		TimeoutMinutes: int(d.s.Approval.Timeout.Minutes()),
		Configuration:  map[string]string{"ExternalEntityLink": variable(dossier, "DOSSIER_URL"), "CustomData": variable(dossier, "DOSSIER_SUMMARY")},
	}
}

func (d *designer) access(order int, account, region string) (parts.Action, error) {
	s := d.s
	action := d.cloudFormation("Access-"+account+suffix(s, region), order, "CREATE_UPDATE", target{
		account: account, region: region, role: s.ConsumerDeployRole(), cloudFormation: s.ConsumerCloudFormationRole(),
	}, s.AccessStack())
	action.template(planArtifact, accessFile(s, account, region))
	overrides := map[string]string{}
	for _, portfolio := range consumedBy(s, account) {
		overrides[portfolioParameter(portfolio.ID)] = "#{Portfolio-" + portfolio.ID + suffix(s, region) + ".PortfolioId}"
	}
	body, err := json.Marshal(overrides)
	if err != nil {
		return parts.Action{}, fmt.Errorf("parameters of access stack %s: %w", account, err)
	}
	action.Configuration["ParameterOverrides"] = string(body)
	return action.Action, nil
}

// target is where a CloudFormation action acts, and as whom.
type target struct {
	account        string
	region         string
	role           string // that the pipeline takes
	cloudFormation string // that CloudFormation takes
}

func (d *designer) catalog(region string) target {
	return target{account: d.s.Accounts.Catalog, region: region, role: d.s.CatalogDeployRole(), cloudFormation: d.s.CatalogCloudFormationRole()}
}

// deployment is a CloudFormation action under construction.
type deployment struct{ parts.Action }

func (d *designer) cloudFormation(name string, order int, mode string, t target, stack string) deployment {
	action := parts.Action{
		Name: name, Category: "Deploy", Owner: "AWS", Provider: "CloudFormation", RunOrder: order,
		RoleARN: config.RoleARN(t.account, t.role),
		Configuration: map[string]string{
			"ActionMode": mode, "StackName": stack, "RoleArn": config.RoleARN(t.account, t.cloudFormation), "Capabilities": "CAPABILITY_NAMED_IAM",
		},
	}
	if t.region != d.s.Regions.Home {
		action.Region = t.region
	}
	return deployment{action}
}

// template takes a rendered template from an artifact.
func (d *deployment) template(artifact, file string) {
	d.Inputs = []string{artifact}
	d.Configuration = maps.Clone(d.Configuration)
	d.Configuration["TemplatePath"] = artifact + "::rendered/" + file + ".template.json"
}

// accessAccounts are the consumer accounts that get an access stack: those that are listed, but for the catalog account, where launch
// roles and principals come with the published stacks themselves. Accounts of organizational units need none: their launch roles come
// by stack sets, their principals with the share, which needs nobody to accept it.
func accessAccounts(s *config.Settings) []string {
	return accountsOf(s.Accounts.Catalog, s.Listed()...)
}

// consumedBy are the portfolios that an account is listed for.
func consumedBy(s *config.Settings, account string) []config.Portfolio {
	return slices.DeleteFunc(slices.Clone(s.Portfolios), func(p config.Portfolio) bool { return !slices.Contains(p.Accounts, account) })
}

// portfolioParameter is the parameter of an access stack that holds a portfolio's id.
func portfolioParameter(id string) string { return "Portfolio" + parts.ID(id) }

// accessFile is the template file of an access stack, which has one name in every account and region.
func accessFile(s *config.Settings, account, region string) string {
	return s.AccessStack() + "-" + account + suffix(s, region)
}
