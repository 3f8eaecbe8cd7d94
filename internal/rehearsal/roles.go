package rehearsal

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"accountfleet/internal/emulator"
)

// identity is a role (or an account's root user) with credentials of the emulator.
type identity struct {
	arn    string
	config aws.Config
}

// in is the same identity in another region.
func (i identity) in(region string) identity {
	i.config.Region = region
	return i
}

// root is the unrestricted user of an account, by whom the rehearsal installs and looks, never by whom an action acts.
func (s *Session) root(account, region string) identity {
	return identity{
		arn:    "arn:aws:iam::" + account + ":root",
		config: s.awsConfig(region, credentials.NewStaticCredentialsProvider(account, "rehearsal", "")),
	}
}

// awsConfig is the SDK's configuration for the emulator; nothing of this machine's AWS configuration gets in.
func (s *Session) awsConfig(region string, provider aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: region, Credentials: provider, BaseEndpoint: aws.String(s.endpoint), RetryMaxAttempts: 3}
}

// service is role as an AWS service takes it: the role must trust that service.
func (s *Session) service(ctx context.Context, role, service, region string) (identity, error) {
	given, err := s.emulator.Assume(ctx, role, service, sessionName(s.plan.Assembly.Pipeline.Name))
	if err != nil {
		return identity{}, fmt.Errorf("%s cannot take role %s: %w", service, role, err)
	}
	return identity{arn: role, config: s.awsConfig(region,
		credentials.NewStaticCredentialsProvider(given.AccessKeyID, given.SecretAccessKey, given.SessionToken))}, nil
}

// chained is role assumed with the credentials of another identity: that one must be allowed to, and the role must trust it.
func (s *Session) chained(ctx context.Context, from identity, role, region string) (identity, error) {
	out, err := sts.NewFromConfig(from.config).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String(sessionName(s.plan.Assembly.Pipeline.Name)),
	})
	if err != nil {
		return identity{}, fmt.Errorf("%s cannot assume %s: %w", from.arn, role, err)
	}
	c := out.Credentials
	return identity{arn: role, config: s.awsConfig(region,
		credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken)))}, nil
}

// require fails unless the role may do that. It stands for calls that the emulator does not get, because the rehearsal plays the service.
func (s *Session) require(ctx context.Context, role, action, resource string, conditions map[string][]string) error {
	decision, err := s.emulator.Authorize(ctx, emulator.Question{Principal: role, Action: action, Resource: resource, Context: conditions})
	if err != nil {
		return fmt.Errorf("ask whether %s may %s: %w", role, action, err)
	}
	if !decision.Allowed {
		return fmt.Errorf("AccessDenied: %s may not %s on %s: %s", role, action, resource, decision.Reason)
	}
	return nil
}

var notInSessionNames = regexp.MustCompile(`[^\w+=,.@-]`)

// sessionName makes a role session name of at most 64 allowed characters.
func sessionName(text string) string {
	name := notInSessionNames.ReplaceAllString(text, "-")
	return name[:min(len(name), 64)]
}
