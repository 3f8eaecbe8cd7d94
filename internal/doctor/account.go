package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"accountfleet/internal/config"
)

// AWS runs the AWS CLI and returns what it prints; tests answer by hand.
type AWS func(ctx context.Context, arguments ...string) ([]byte, error)

// CLI is the AWS CLI at path, with the user's own credentials.
func CLI(path string) AWS {
	return func(ctx context.Context, arguments ...string) ([]byte, error) {
		command := exec.CommandContext(ctx, path, append(arguments, "--output", "json")...)
		output, err := command.Output()
		if failed, ok := err.(*exec.ExitError); ok {
			return nil, fmt.Errorf("aws %s: %s", strings.Join(arguments[:min(2, len(arguments))], " "), strings.TrimSpace(string(failed.Stderr)))
		}
		return output, err
	}
}

// quota is the name, in Service Quotas, of the limit on builds of the compute type that all projects use; it is 1 in some new accounts.
const quota = "Concurrently running builds for Linux/Medium environment"

// parallel is how many builds Alpha starts at once.
const parallel = 3

// Account looks at the tools account. Without credentials of it, nothing else is looked at.
func Account(ctx context.Context, aws AWS, s *config.Settings) []Check {
	identity := identityCheck(ctx, aws, s)
	if identity.State != Fine {
		return append([]Check{identity}, Unseen("there are no credentials of the tools account")...)
	}
	return []Check{identity, quotaCheck(ctx, aws, s), approvalCheck(ctx, aws, s), singletons()}
}

// Unseen reports the checks of Account as not run.
func Unseen(why string) []Check {
	const cure = "fleet doctor --aws, with credentials of the tools account"
	return []Check{
		{Name: "build quota", State: NotRun, Detail: why, Cure: cure},
		{Name: "approval guard", State: NotRun, Detail: why, Cure: cure},
		singletons(),
	}
}

// singletons says what no command here can see yet.
func singletons() Check {
	return Check{Name: "test account", State: NotRun,
		Detail: "whether Control Tower or organization-wide services already own its detector, hub or recorder is not looked at",
		Cure:   "keep the test account in an organizational unit outside both"}
}

func identityCheck(ctx context.Context, aws AWS, s *config.Settings) Check {
	check := Check{Name: "credentials", State: Missing, Cure: "take credentials of account " + s.Accounts.Tools + " and run it again"}
	var identity struct{ Account, Arn string }
	if err := ask(ctx, aws, &identity, "sts", "get-caller-identity"); err != nil {
		check.Detail = err.Error()
		return check
	}
	check.Detail = identity.Arn
	if identity.Account == s.Accounts.Tools {
		check.State, check.Cure = Fine, ""
	}
	return check
}

func quotaCheck(ctx context.Context, aws AWS, s *config.Settings) Check {
	check := Check{Name: "build quota", State: NotRun, Cure: "allow servicequotas:ListServiceQuotas"}
	var list struct {
		Quotas []struct {
			QuotaName string
			Value     float64
		}
	}
	if err := ask(ctx, aws, &list, "service-quotas", "list-service-quotas", "--service-code", "codebuild", "--region", s.Regions.Home); err != nil {
		check.Detail = err.Error()
		return check
	}
	for _, q := range list.Quotas {
		if q.QuotaName != quota {
			continue
		}
		check.State, check.Cure = Fine, ""
		check.Detail = fmt.Sprintf("%g builds at once", q.Value)
		if q.Value < parallel {
			check.State = Warning
			check.Cure = fmt.Sprintf("ask Service Quotas for %d or more of %q: until then Alpha's actions wait for each other", parallel, quota)
		}
		return check
	}
	check.Detail = fmt.Sprintf("Service Quotas does not list %q", quota)
	check.Cure = "look at the quotas of CodeBuild in the console"
	return check
}

// approvalCheck looks who else could approve: an Allow for reviewers stops nobody who has wider permissions, only the offered policy does.
func approvalCheck(ctx context.Context, aws AWS, s *config.Settings) Check {
	policy := fmt.Sprintf("arn:aws:iam::%s:policy/%s", s.Accounts.Tools, s.ApprovalGuard())
	check := Check{Name: "approval guard", State: NotRun, Cure: "allow iam:ListEntitiesForPolicy and iam:ListRoles"}
	var guarded struct{ PolicyRoles []struct{ RoleName string } }
	if err := ask(ctx, aws, &guarded, "iam", "list-entities-for-policy", "--policy-arn", policy, "--entity-filter", "Role"); err != nil {
		check.Detail = err.Error()
		if strings.Contains(err.Error(), "NoSuchEntity") {
			check.State, check.Detail, check.Cure = Warning, policy+" does not exist", "make deploy"
		}
		return check
	}
	var all struct {
		Roles []struct{ RoleName, Path string }
	}
	if err := ask(ctx, aws, &all, "iam", "list-roles"); err != nil {
		check.Detail = err.Error()
		return check
	}
	var free []string
	for _, role := range all.Roles {
		isGuarded := slices.ContainsFunc(guarded.PolicyRoles, func(r struct{ RoleName string }) bool { return r.RoleName == role.RoleName })
		if !isGuarded && !strings.HasPrefix(role.Path, "/aws-service-role/") && !strings.HasPrefix(role.RoleName, s.Name+"-") {
			free = append(free, role.RoleName)
		}
	}
	if len(free) == 0 {
		return Check{Name: check.Name, State: Fine, Detail: fmt.Sprintf("%d roles carry %s", len(guarded.PolicyRoles), s.ApprovalGuard())}
	}
	return Check{Name: check.Name, State: Warning,
		Detail: fmt.Sprintf("%d roles do not carry it and may approve if their own policies say so: %s", len(free), abridge(free)),
		Cure:   "attach " + policy + " to them, or its statement to a service control policy"}
}

// ask runs the CLI and decodes what it prints.
func ask(ctx context.Context, aws AWS, into any, arguments ...string) error {
	output, err := aws(ctx, arguments...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(output, into); err != nil {
		return fmt.Errorf("aws %s: %w: look at what it prints", strings.Join(arguments[:2], " "), err)
	}
	return nil
}

// abridge lists the first five names.
func abridge(names []string) string {
	if len(names) <= 5 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:5], ", ") + ", ..."
}
