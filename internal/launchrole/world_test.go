package launchrole_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/emulator/emulatortest"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
	"accountfleet/internal/organization"
)

// world is one emulator. Every trial has an account of its own, so that trials never meet.
type world struct {
	emulated *emulator.Emulator
	client   *emulator.Client
	http     *awshttp.BuildableClient // one for all: a trial makes a dozen clients, and each would open connections of its own
	accounts atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	e := emulatortest.Start(t)
	return &world{emulated: e, client: emulator.NewClient(e.Endpoint), http: awshttp.NewBuildableClient()}
}

// as is what a client of an account's root user in a region is made of. What fails is not tried again: it may have been done.
func (w *world) as(account, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &w.emulated.Endpoint, RetryMaxAttempts: 1, HTTPClient: w.http,
		Credentials: credentials.NewStaticCredentialsProvider(account, "x", "")}
}

// launch is what a trial launches: a product's template, as Service Catalog would, with several sets of parameters one after another.
type launch struct {
	product manifest.Product
	region  string
	sets    []map[string]string
}

// launchOf takes the values of the product's tests and manifest, so that every branch that a test knows is launched and left again.
func launchOf(p manifest.Product) launch {
	l := launch{product: p, region: p.Tests[0].Regions[0]}
	add := func(values map[string]string, region string) {
		set := map[string]string{}
		for key, value := range values {
			set[key] = strings.ReplaceAll(value, region, l.region) // a stack does not move
		}
		l.sets = append(l.sets, set)
	}
	for _, test := range p.Tests {
		add(test.Parameters, test.Regions[0])
	}
	add(p.Parameters, l.region)
	if p.Irreversible { // what cannot be deleted is not made anew either: an account keeps its name
		l.sets = l.sets[:1]
	}
	return l
}

// outcome is where a trial ended and why; an empty step means that all of it worked.
type outcome struct {
	step, reason string
	used         []string // actions that the role was allowed and used
}

// basics is what every launch role has beside what its product needs; constructs.NewLaunchRole grants the same.
var basics = []ledger.Permission{
	{Sid: "Stacks", Resources: []string{"arn:aws:cloudformation:*:*:stack/SC-*"}, Actions: []string{
		"cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks",
		"cloudformation:SetStackPolicy", "cloudformation:TagResource", "cloudformation:UpdateStack",
	}},
	{Sid: "Templates", Resources: []string{"*"}, Actions: []string{"cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"}},
}

// mostLost is how often an answer may get lost.
const mostLost = 3

// try makes an attempt. On a busy machine an answer gets lost now and then, because the connection is closed under its reader. That says
// nothing about the role, so the attempt is made again, in another account; what AWS refuses is in the outcome and is no error.
func (w *world) try(ctx context.Context, l launch, permissions []ledger.Permission) (result outcome, err error) {
	for range mostLost {
		if result, err = w.attempt(ctx, l, permissions); !errors.Is(err, net.ErrClosed) {
			break
		}
	}
	return result, err
}

// attempt launches, updates and terminates with a launch role of these permissions, in a new account.
func (w *world) attempt(ctx context.Context, l launch, permissions []ledger.Permission) (outcome, error) {
	account := fmt.Sprintf("7%011d", w.accounts.Add(1))
	owner := w.as(account, l.region)
	role, err := w.prepare(ctx, owner, account, l.product, permissions)
	if err != nil {
		return outcome{}, err
	}
	session, err := w.client.Assume(ctx, role, "servicecatalog.amazonaws.com", "servicecatalog")
	if err != nil {
		return outcome{}, err
	}
	bearer := owner
	bearer.Credentials = credentials.NewStaticCredentialsProvider(session.AccessKeyID, session.SecretAccessKey, session.SessionToken)
	s := &stack{name: "SC-" + account + "-pp-abcdefghijklm", launch: l, by: cloudformation.NewFromConfig(bearer), owner: cloudformation.NewFromConfig(owner)}
	values, err := w.values(ctx, owner, account, l.product)
	if err != nil {
		return outcome{}, err
	}
	result, err := s.live(ctx, values)
	if err != nil {
		return outcome{}, err
	}
	result.used, err = w.used(ctx, role)
	return result, err
}

// prepare makes the account: the boundary and the launch role.
func (w *world) prepare(ctx context.Context, owner aws.Config, account string, p manifest.Product, permissions []ledger.Permission) (string, error) {
	client := iam.NewFromConfig(owner)
	everything := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`
	boundary, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("fleet-boundary"), PolicyDocument: &everything})
	if err != nil {
		return "", err
	}
	trust := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "servicecatalog.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`
	name := "fleet-launch-" + p.ID
	role, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust, PermissionsBoundary: boundary.Policy.Arn})
	if err != nil {
		return "", err
	}
	document := policy(append(slices.Clone(basics), permissions...))
	if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("launch"), PolicyDocument: &document}); err != nil {
		return "", err
	}
	return *role.Role.Arn, nil
}

// policy is the document of a role's statements.
func policy(permissions []ledger.Permission) string {
	var statements []map[string]any
	for _, p := range permissions {
		statement := map[string]any{"Sid": p.Sid, "Effect": "Allow", "Action": p.Actions, "Resource": p.Resources}
		if len(p.Conditions) > 0 {
			statement["Condition"] = p.Conditions
		}
		statements = append(statements, statement)
	}
	body, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // it is made of strings only
	}
	return string(body)
}

// values fills in what internal/launch fills in when it launches. A product of an organization finds one, of which its account is the
// management account. E-mail addresses are the trial's own, because no two accounts of AWS share one.
func (w *world) values(ctx context.Context, owner aws.Config, account string, p manifest.Product) (func(string) string, error) {
	known := map[string]string{manifest.LaunchAccount: account, manifest.OrganizationManagement: account, manifest.OrganizationID: "o-" + account}
	if p.Scope == manifest.ScopeOrganization {
		made, err := w.client.PutOrganization(ctx, emulator.Organization{ID: "o-" + account, Management: account})
		if err != nil {
			return nil, err
		}
		known[manifest.OrganizationRoot] = made.Root
		if err := w.enable(ctx, account, made.Root); err != nil {
			return nil, err
		}
		instances, err := ssoadmin.NewFromConfig(owner).ListInstances(ctx, &ssoadmin.ListInstancesInput{})
		if err != nil {
			return nil, err
		}
		known[manifest.IdentityCenter] = *instances.Instances[0].InstanceArn
	}
	return func(text string) string {
		return strings.Replace(manifest.FillRuntimeValues(text, func(name string) string { return known[name] }), "@", "+"+account+"@", 1)
	}, nil
}

// enable does what fleet org-prepare does once in every organization: no type of CloudFormation can.
func (w *world) enable(ctx context.Context, account, root string) error {
	sandbox := &config.Settings{SandboxOrganization: true, Accounts: config.Accounts{Test: account}}
	wanted, err := organization.Want(sandbox, account, "")
	if err != nil {
		return err
	}
	by := organization.New(w.as(account, "eu-west-1"))
	present, err := by.Inspect(ctx, account, wanted)
	if err != nil {
		return err
	}
	steps, err := organization.Plan(wanted, present, account)
	if err != nil {
		return err
	}
	return by.Apply(ctx, root, steps, func(organization.Step) {})
}

// used are the actions that a role was allowed and used.
func (w *world) used(ctx context.Context, role string) ([]string, error) {
	all, err := w.client.Permissions(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.ARN == role {
			return one.Used, nil
		}
	}
	return nil, nil
}

// stack is one launch on its way.
type stack struct {
	name   string
	launch launch
	by     *cloudformation.Client // the launch role: nothing else acts
	owner  *cloudformation.Client // looks on
}

// live creates, updates with every set of parameters and new tags, and deletes; it stops at the first step that fails.
func (s *stack) live(ctx context.Context, values func(string) string) (outcome, error) {
	body := string(s.launch.product.Template.Body)
	capabilities := []types.Capability{types.CapabilityCapabilityNamedIam}
	for i, set := range append(slices.Clone(s.launch.sets), s.launch.sets[0]) {
		parameters := s.parameters(set, values)
		tags := s.tags(i)
		step, wanted, err := "update", types.StackStatusUpdateComplete, error(nil)
		if i == 0 {
			step, wanted = "create", types.StackStatusCreateComplete
			_, err = s.by.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: &s.name, TemplateBody: &body, Parameters: parameters, Capabilities: capabilities, Tags: tags})
		} else {
			_, err = s.by.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: &s.name, TemplateBody: &body, Parameters: parameters, Capabilities: capabilities, Tags: tags})
		}
		if err != nil && i > 0 && strings.Contains(err.Error(), "No updates are to be performed") {
			continue
		}
		if err != nil {
			return outcome{step: step, reason: err.Error()}, nil
		}
		if reason, err := s.await(ctx, s.name, wanted); reason != "" || err != nil {
			return outcome{step: step, reason: reason}, err
		}
	}
	if reason, err := s.leftovers(ctx); reason != "" || err != nil {
		return outcome{step: "update", reason: reason}, err
	}
	described, err := s.owner.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &s.name})
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.by.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.name}); err != nil {
		return outcome{step: "delete", reason: err.Error()}, nil
	}
	reason, err := s.await(ctx, *described.Stacks[0].StackId, types.StackStatusDeleteComplete)
	if reason != "" {
		return outcome{step: "delete", reason: reason}, err
	}
	return outcome{}, err
}

// fixedTags are products whose stacks keep their tags: tags of an anomaly monitor cannot change without making it anew, and an account
// may have one. Source: registry schema of AWS::CE::AnomalyMonitor (tagUpdatable, createOnlyProperties).
var fixedTags = []string{"budget"}

// tags change with every round, and are taken away in the last.
func (s *stack) tags(round int) []types.Tag {
	switch {
	case slices.Contains(fixedTags, s.launch.product.ID):
		round = 0
	case round == len(s.launch.sets):
		return []types.Tag{}
	}
	return []types.Tag{{Key: aws.String("round"), Value: aws.String(fmt.Sprint(round))}}
}

func (s *stack) parameters(set map[string]string, values func(string) string) []types.Parameter {
	var parameters []types.Parameter
	for key, value := range set {
		parameters = append(parameters, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(values(value))})
	}
	return parameters
}

var refused = regexp.MustCompile(`FAILED$|ROLLBACK_IN_PROGRESS$`)

// await waits for the stack's end and returns why it is not the one wanted.
func (s *stack) await(ctx context.Context, id string, wanted types.StackStatus) (string, error) {
	for {
		described, err := s.owner.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
		if err != nil {
			return "", err
		}
		status := described.Stacks[0].StackStatus
		if status == wanted {
			return "", nil
		}
		if !strings.HasSuffix(string(status), "_IN_PROGRESS") {
			return s.why(ctx, id, status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// leftovers are what an update could not delete after it was done: CloudFormation then calls the update complete, and forgets them.
// Source: CloudFormation User Guide, "Stack status codes", UPDATE_COMPLETE_CLEANUP_IN_PROGRESS.
func (s *stack) leftovers(ctx context.Context) (string, error) {
	var left []string
	pages := cloudformation.NewDescribeStackEventsPaginator(s.owner, &cloudformation.DescribeStackEventsInput{StackName: &s.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, event := range page.StackEvents {
			if event.ResourceStatus == types.ResourceStatusDeleteFailed {
				left = append(left, aws.ToString(event.LogicalResourceId)+": "+aws.ToString(event.ResourceStatusReason))
			}
		}
	}
	return strings.Join(left, "\n"), nil
}

// why collects what the stack's events say of a failure.
func (s *stack) why(ctx context.Context, id string, status types.StackStatus) (string, error) {
	events, err := s.owner.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &id})
	if err != nil {
		return "", err
	}
	reasons := []string{string(status)}
	for _, event := range events.StackEvents {
		if refused.MatchString(string(event.ResourceStatus)) && event.ResourceStatusReason != nil {
			reasons = append(reasons, aws.ToString(event.LogicalResourceId)+": "+*event.ResourceStatusReason)
		}
	}
	return strings.Join(reasons, "\n"), nil
}
