package launch

import (
	"context"
	"fmt"
	"strings"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
)

// Judge says what IAM would answer a role that asks for an action on anything.
type Judge interface {
	Allowed(ctx context.Context, role, action string) (allowed bool, why string, err error)
}

// strangers are actions of which every product needs few: the first that the product's own permissions do not hold is asked for.
var strangers = []string{"dynamodb:CreateTable", "sqs:CreateQueue", "sns:CreateTopic", "ec2:CreateVpc", "backup:CreateBackupVault"}

// stranger is an action outside the permissions of the product's launch role; false if all of strangers are the product's own.
func stranger(p bundle.Product) (string, bool) {
	for _, action := range strangers {
		if !permitted(p, action) {
			return action, true
		}
	}
	return "", false
}

func permitted(p bundle.Product, action string) bool {
	for _, permission := range p.Candidate().Permissions {
		for _, pattern := range permission.Actions {
			if prefix, wild := strings.CutSuffix(pattern, "*"); pattern == action || wild && strings.HasPrefix(action, prefix) {
				return true
			}
		}
	}
	return false
}

// denied proves that the launch role does not reach beyond its product.
func (c *Consume) denied(ctx context.Context, j *journal, p bundle.Product) {
	action, ok := stranger(p)
	if !ok || c.Judge == nil {
		return // collected as not run by Do
	}
	role := config.RoleARN(c.Settings.Accounts.Gamma, c.Settings.GammaLaunchRole(p.ID))
	j.step("denied outside", func() (string, error) {
		allowed, why, err := c.Judge.Allowed(ctx, role, action)
		if err != nil {
			return "", fmt.Errorf("ask IAM whether %s may %s: %w", role, action, err)
		}
		if allowed {
			return "", &problem{
				what: fmt.Sprintf("the launch role may %s, which is not among the product's permissions: %s", action, why),
				cure: "look at the launch role in the gamma account: it has more than the rendered template gives it",
			}
		}
		return action + " is denied to the launch role", nil
	})
}

// EmulatedIAM is the emulator's IAM, which enforces policies for every call of a role, and answers a question by the same code.
type EmulatedIAM struct {
	Client interface {
		Authorize(ctx context.Context, q emulator.Question) (emulator.Decision, error)
	}
}

// Allowed asks the emulator.
func (e EmulatedIAM) Allowed(ctx context.Context, role, action string) (bool, string, error) {
	decision, err := e.Client.Authorize(ctx, emulator.Question{Principal: role, Action: action, Resource: "*"})
	return decision.Allowed, decision.Reason, err
}
