package launch

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
)

// market is Service Catalog in memory.
type market struct {
	versions  []string
	paths     []cloud.Path
	calls     []string
	launch    error
	update    error
	terminate []error
	noStack   bool
}

func (m *market) Named(_ context.Context, name string) ([]cloud.Offer, error) {
	offer := cloud.Offer{ID: "prod-1", Name: name, Paths: m.paths}
	for _, v := range m.versions {
		offer.Versions = append(offer.Versions, cloud.OfferedVersion{ID: "pa-" + v, Name: v})
	}
	return []cloud.Offer{{ID: "prod-0", Name: name}, offer}, nil
}

func (m *market) provisioned() cloud.Provisioned {
	p := cloud.Provisioned{ID: "pp-1", Stack: "arn:aws:cloudformation:eu-west-1:333333333333:stack/SC-333333333333-pp-1/uuid", Outputs: map[string]string{"Out": "x"}}
	if m.noStack {
		p.Stack = ""
	}
	return p
}

func (m *market) Launch(_ context.Context, o cloud.Order) (cloud.Provisioned, error) {
	m.calls = append(m.calls, "launch "+o.Version.Name+" "+o.Path+" "+o.Name)
	return m.provisioned(), m.launch
}

func (m *market) Update(_ context.Context, id string, o cloud.Order) (cloud.Provisioned, error) {
	m.calls = append(m.calls, "update "+id+" "+o.Version.Name)
	return m.provisioned(), m.update
}

func (m *market) Terminate(_ context.Context, _, id string) error {
	m.calls = append(m.calls, "terminate "+id)
	if len(m.terminate) > 0 {
		err := m.terminate[0]
		m.terminate = m.terminate[1:]
		return err
	}
	return nil
}

func consume(a *account, m *market) *Consume {
	return &Consume{Settings: settings, Portfolio: "port-1", Template: template, Market: m, Stacks: a, Sweeper: a, Levels: a, Run: "r1", Log: quiet(), Now: clock()}
}

var offered = []cloud.Path{{ID: "lpv3-1", Name: "Gamma"}}

func TestConsumeLaunchesANewProductAndTerminatesIt(t *testing.T) {
	m := &market{versions: []string{"1.0.0"}, paths: offered}
	e, err := consume(&account{}, m).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome)
	require.Equal(t, []string{"find passed", "launch passed", "outputs passed", "terminate passed", "residue passed"}, steps(t, e, "vpc"))
	require.Equal(t, []string{"launch 1.0.0 lpv3-1 fleet-gamma-vpc-r1", "terminate pp-1"}, m.calls)
	require.Equal(t, "SC-333333333333-pp-1", e.Products[0].Resources[0].Stack)
}

// watched are the roles that an emulator saw, with what they used.
type watched []emulator.Used

func (w watched) Permissions(context.Context) ([]emulator.Used, error) { return w, nil }

func TestConsumeNotesWhatTheLaunchRoleUsed(t *testing.T) {
	c := consume(&account{}, &market{versions: []string{"1.0.0"}, paths: offered})
	c.Watcher = watched{
		{ARN: "arn:aws:iam::333333333333:role/fleet-gamma-launch-other", Used: []string{"s3:CreateBucket"}},
		{ARN: "arn:aws:iam::333333333333:role/fleet-gamma-launch-vpc", Used: []string{"ec2:CreateVpc", "ec2:DeleteVpc"}},
	}
	e, err := c.Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Contains(t, steps(t, e, "vpc"), "permissions passed")
	require.Equal(t, []string{"ec2:CreateVpc", "ec2:DeleteVpc"}, e.Products[0].Used)
}

func TestConsumeIsBrokenWhenNobodySawTheLaunchRoleAct(t *testing.T) {
	c := consume(&account{}, &market{versions: []string{"1.0.0"}, paths: offered})
	c.Watcher = watched{{ARN: "arn:aws:iam::333333333333:role/fleet-gamma-launch-other", Used: []string{"s3:CreateBucket"}}}
	_, err := c.Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "the emulator saw no action of the launch role")
}

func TestConsumeUpgradesFromThePreviousVersion(t *testing.T) {
	p := product("vpc", "account")
	p.Change, p.Previous = bundle.NewVersion, &ledger.Version{Version: "0.9.0"}
	m := &market{versions: []string{"0.9.0", "1.0.0"}, paths: offered}
	e, err := consume(&account{}, m).Do(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Equal(t, []string{"launch 0.9.0 lpv3-1 fleet-gamma-vpc-r1", "update pp-1 1.0.0", "terminate pp-1"}, m.calls)
	require.Equal(t, []string{"find passed", "launch previous passed", "update passed", "outputs passed", "terminate passed", "residue passed"}, steps(t, e, "vpc"))
}

func TestConsumeGivesTheRecordsReasonAndStillTerminates(t *testing.T) {
	m := &market{versions: []string{"1.0.0"}, paths: offered, noStack: true,
		launch: &cloud.RecordError{Operation: "launch", Product: "Network", Reasons: []string{"not authorized to perform: ec2:CreateVpc"}}}
	a := &account{ids: map[string]string{"SC-333333333333-pp-1": "arn:found/SC-333333333333-pp-1/u"}, left: map[string][]cloud.StackResource{"arn:found/SC-333333333333-pp-1/u": {{LogicalID: "Key"}}}}
	p := product("vpc", "account")
	p.Retained = []string{"Key"}
	e, err := consume(a, m).Do(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Equal(t, evidence.Findings, e.Outcome)
	require.Contains(t, e.Findings[0].Message, "not authorized to perform: ec2:CreateVpc")
	require.Contains(t, m.calls, "terminate pp-1")
	require.Equal(t, []string{"Key"}, a.swept)
}

func TestConsumeFailsForResidue(t *testing.T) {
	m := &market{versions: []string{"1.0.0"}, paths: offered}
	a := &account{left: map[string][]cloud.StackResource{m.provisioned().Stack: {{LogicalID: "Bucket", Type: "AWS::S3::Bucket"}}}}
	e, err := consume(a, m).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Contains(t, e.Findings[0].Message, "left Bucket (AWS::S3::Bucket) behind")
}

func TestConsumeTerminatesAgainAfterClearing(t *testing.T) {
	m := &market{versions: []string{"1.0.0"}, paths: offered, terminate: []error{&cloud.RecordError{Operation: "termination", Reasons: []string{"bucket not empty"}}}}
	a := &account{left: map[string][]cloud.StackResource{m.provisioned().Stack: {{LogicalID: "Bucket", Status: "DELETE_FAILED"}}}}
	e, err := consume(a, m).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Equal(t, []string{"find passed", "launch passed", "outputs passed", "terminate findings", "terminate again passed", "residue passed"}, steps(t, e, "vpc"))
}

func TestConsumeIsBrokenWhenTheCandidateIsNotOffered(t *testing.T) {
	e, err := consume(&account{}, &market{versions: []string{"0.9.0"}, paths: offered}).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "version 1.0.0 of Name of vpc is not offered to the consumer (2 products of that name, versions 0.9.0)")
	require.Equal(t, evidence.Broken, e.Outcome)
	_, err = consume(&account{}, &market{versions: []string{"1.0.0"}}).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "no launch path")
}
