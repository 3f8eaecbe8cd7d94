package cloud

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/organization"
)

// TestSharingAgainstTheEmulator holds that what Service Catalog and StackSets are asked for is what they understand, and that the fakes
// answer as they do.
func TestSharingAgainstTheEmulator(t *testing.T) {
	session := owner(t)
	sharing := session.Sharing()
	sharing.pace = Pace{First: 10 * time.Millisecond, Longest: 100 * time.Millisecond, Timeout: 10 * time.Second}
	const unit, management = "ou-f1ee-workload1", "666666666666"
	catalog := session.ServiceCatalog()
	portfolio, err := catalog.CreatePortfolio(t.Context(), &servicecatalog.CreatePortfolioInput{
		DisplayName: aws.String("Baseline"), ProviderName: aws.String("Platform team"), IdempotencyToken: aws.String("one"),
	})
	require.NoError(t, err)
	id := aws.ToString(portfolio.PortfolioDetail.Id)
	require.ErrorContains(t, sharing.Share(t.Context(), id, unit), "fleet org-prepare", "there is no organization yet")

	client := emulator.NewClient(os.Getenv("AWS_ENDPOINT_URL"))
	_, err = client.PutOrganization(t.Context(), emulator.Organization{
		ID: "o-exampleorgid", Management: management, Units: []emulator.OrganizationUnit{{ID: unit, Name: "Workloads", Parent: "ROOT"}},
		Accounts: []emulator.OrganizationAccount{{ID: "444444444444"}, {ID: "777777777777", Parent: unit}},
	})
	require.NoError(t, err)
	delegate(t, management)

	t.Run("shares", func(t *testing.T) {
		require.NoError(t, sharing.Share(t.Context(), id, unit))
		require.NoError(t, sharing.Share(t.Context(), id, unit), "a share that is there is no error")
		require.NoError(t, sharing.Share(t.Context(), id, "o-exampleorgid"))
		shares, err := sharing.Shares(t.Context(), id)
		require.NoError(t, err)
		require.ElementsMatch(t, []Share{{Node: unit, Principals: true}, {Node: "o-exampleorgid", Principals: true}}, shares)
		_, err = catalog.UpdatePortfolioShare(t.Context(), &servicecatalog.UpdatePortfolioShareInput{
			PortfolioId: &id, OrganizationNode: node(unit), SharePrincipals: aws.Bool(false),
		})
		require.NoError(t, err)
		require.NoError(t, sharing.Unshare(t.Context(), id, "o-exampleorgid"))
		require.NoError(t, sharing.Unshare(t.Context(), id, "o-exampleorgid"), "what is gone need not be taken away")
		shares, err = sharing.Shares(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, []Share{{Node: unit}}, shares)
		require.NoError(t, sharing.SharePrincipals(t.Context(), id, unit))
		shares, err = sharing.Shares(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, []Share{{Node: unit, Principals: true}}, shares)
		require.ErrorContains(t, sharing.Share(t.Context(), id, "ou-f1ee-elsewhere"), "look whether that id is of this organization")
	})

	t.Run("stack sets", func(t *testing.T) {
		behind, counted, err := sharing.Behind(t.Context(), "fleet-boundary")
		require.NoError(t, err)
		require.Equal(t, []string{"there is no stack set fleet-boundary"}, behind)
		require.Zero(t, counted)
		formation := session.CloudFormation()
		_, err = formation.CreateStackSet(t.Context(), &cloudformation.CreateStackSetInput{
			StackSetName: aws.String("fleet-boundary"), PermissionModel: cfntypes.PermissionModelsServiceManaged, CallAs: cfntypes.CallAsDelegatedAdmin,
			AutoDeployment: &cfntypes.AutoDeployment{Enabled: aws.Bool(true), RetainStacksOnAccountRemoval: aws.Bool(false)},
			TemplateBody:   aws.String(`{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}`),
		})
		require.NoError(t, err)
		_, err = formation.CreateStackInstances(t.Context(), &cloudformation.CreateStackInstancesInput{
			StackSetName: aws.String("fleet-boundary"), CallAs: cfntypes.CallAsDelegatedAdmin, Regions: []string{"eu-west-1"},
			DeploymentTargets: &cfntypes.DeploymentTargets{OrganizationalUnitIds: []string{unit}},
		})
		require.NoError(t, err)
		require.NoError(t, sharing.pace.Poll(t.Context(), "the instance", func(ctx context.Context) (bool, error) {
			behind, counted, err = sharing.Behind(ctx, "fleet-boundary")
			return counted == 1 && len(behind) == 0, err
		}))
	})
}

// delegate makes the catalog account the administrator of Service Catalog and StackSets, as fleet org-prepare does.
func delegate(t *testing.T, management string) {
	t.Helper()
	account := organization.New(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(management, "x", "")})
	settings, err := config.Load("../../fleet.yaml")
	require.NoError(t, err)
	wanted, err := organization.Want(settings, management, "")
	require.NoError(t, err)
	present, err := account.Inspect(t.Context(), management, wanted)
	require.NoError(t, err)
	steps, err := organization.Plan(wanted, present, management)
	require.NoError(t, err)
	require.NoError(t, account.Apply(t.Context(), present.Root, steps, func(organization.Step) {}))
}
