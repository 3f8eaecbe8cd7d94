// Package cloud is the door to AWS for launch, publish and dossier: sessions of roles, the S3 ledger, the template store,
// stack operations and the removal of what stacks leave behind.
//
// Everything that waits is bounded, and everything that fails carries AWS's real reason. Nothing here decides what to launch or to
// publish. Credentials and region come from the SDK's default chain, the address from AWS_ENDPOINT_URL, so the same code runs
// in CodeBuild, on a laptop and against the emulator. Start at Open; Stacks, Ledger, Store and Sweeper are made from a Session.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
)

// Session is AWS as one identity in one region.
type Session struct {
	config aws.Config
	role   string // ARN of the assumed role; empty for the caller's own identity
}

// Open starts a session of the caller's own identity from the SDK's default chain.
func Open(ctx context.Context, region string) (*Session, error) {
	silent := awsconfig.WithLogger(logging.Nop{}) // what goes wrong is returned; the SDK would add how it looked for credentials
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(region), silent)
	if err != nil {
		return nil, fmt.Errorf("open an AWS session: %w: check AWS_PROFILE and the credentials of this shell", err)
	}
	if cfg.RetryMaxAttempts == 0 { // AWS_MAX_ATTEMPTS says nothing else
		cfg.RetryMaxAttempts = 8 // many stacks at once meet CloudFormation's request limits
	}
	return &Session{config: cfg}, nil
}

// As is a session of a role in an account, in the same region. Its credentials refresh themselves: a chained role lasts an hour at most.
func (s *Session) As(account, role string) *Session {
	arn := config.RoleARN(account, role)
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(s.config), arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "fleet"
	})
	cfg := s.config.Copy()
	cfg.Credentials = aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = 5 * time.Minute
	})
	return &Session{config: cfg, role: arn}
}

// In is the same identity in another region.
func (s *Session) In(region string) *Session {
	cfg := s.config.Copy()
	cfg.Region = region
	return &Session{config: cfg, role: s.role}
}

// Region is where the session's calls go.
func (s *Session) Region() string { return s.config.Region }

// Expect fails unless the session's credentials belong to account: a wrong profile must not act anywhere.
func (s *Session) Expect(ctx context.Context, account string) error {
	got, err := s.Account(ctx)
	if err != nil {
		return err
	}
	if got != account {
		return fmt.Errorf("credentials belong to account %s: want %s: choose another profile", got, account)
	}
	return nil
}

// Account is the account of the session's credentials.
func (s *Session) Account(ctx context.Context) (string, error) {
	who, err := sts.NewFromConfig(s.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err == nil {
		return aws.ToString(who.Account), nil
	}
	doing, cure := "ask AWS who calls", "check AWS_PROFILE and the credentials of this shell"
	if s.role != "" {
		doing, cure = "assume "+s.role, "deploy the account's stack, and run this as a role that its trust policy names"
	}
	cause := rootCause(err)
	var lost *url.Error
	switch {
	case cause == errNoCredentials:
		cure = "name a profile by AWS_PROFILE, or sign in (aws sso login)"
	case errors.As(cause, &lost):
		cure = "check the network, and AWS_ENDPOINT_URL if it is set"
	}
	return "", fmt.Errorf("%s: %w: %s", doing, cause, cure)
}

// errNoCredentials stands for the SDK's account of every place in which it looked, which ends in the metadata of a machine on EC2.
var errNoCredentials = errors.New("this shell has no AWS credentials")

// worded is an error of AWS in fewer words: without the key that it was asked about, or without the numbers of the request.
type worded struct {
	text  string
	cause error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.cause }

// rootCause is what a failed call came down to, without the chain of calls by which the SDK got there.
func rootCause(err error) error {
	for at := err; ; {
		var call *smithy.OperationError
		var api smithy.APIError
		var lost *url.Error
		switch {
		case !errors.As(at, &call):
			if errors.As(at, &lost) {
				return lost
			}
			return at
		case call.ServiceID == "ec2imds":
			return errNoCredentials
		case errors.As(call.Err, &api) && !errors.As(call.Err, new(*smithy.OperationError)):
			return &worded{call.Operation() + ": " + api.ErrorCode() + ": " + api.ErrorMessage(), call}
		}
		at = call.Err
	}
}

// Config is for clients of services that this package has no use for.
func (s *Session) Config() aws.Config { return s.config.Copy() }

// Emulator is the address of the emulator that this session talks to; empty on real AWS.
func (s *Session) Emulator(ctx context.Context) string {
	endpoint := aws.ToString(s.config.BaseEndpoint)
	if endpoint == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := emulator.NewClient(endpoint).Health(ctx); err != nil {
		return "" // another endpoint of AWS, for example one inside a private network
	}
	return endpoint
}

// CloudFormation is a client of the session.
func (s *Session) CloudFormation() *cloudformation.Client {
	return cloudformation.NewFromConfig(s.config)
}

// ServiceCatalog is a client of the session.
func (s *Session) ServiceCatalog() *servicecatalog.Client {
	return servicecatalog.NewFromConfig(s.config)
}

// CodePipeline is a client of the session.
func (s *Session) CodePipeline() *codepipeline.Client { return codepipeline.NewFromConfig(s.config) }

// CloudControl is a client of the session.
func (s *Session) CloudControl() *cloudcontrol.Client { return cloudcontrol.NewFromConfig(s.config) }

// S3 is a client of the session; it names buckets in the path where an endpoint is given, because localhost has no subdomains.
func (s *Session) S3() *s3.Client {
	return s3.NewFromConfig(s.config, func(o *s3.Options) {
		o.UsePathStyle = s.config.BaseEndpoint != nil
	})
}

// Environment is what another program needs to act as the session: KEY=value pairs, and the credential_source by which an AWS profile
// finds the credentials among them. Container credentials are passed on as they are, because they refresh themselves.
func (s *Session) Environment(ctx context.Context, getenv func(string) string) (environment []string, source string, err error) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE"} {
		if value := getenv(name); value != "" {
			environment = append(environment, name+"="+value)
		}
	}
	if getenv("AWS_ACCESS_KEY_ID") == "" && getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")+getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		for _, name := range []string{
			"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
		} {
			if value := getenv(name); value != "" {
				environment = append(environment, name+"="+value)
			}
		}
		return environment, "EcsContainer", nil
	}
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("find AWS credentials: %w: check AWS_PROFILE and the credentials of this shell", err)
	}
	environment = append(environment, "AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey)
	if credentials.SessionToken != "" {
		environment = append(environment, "AWS_SESSION_TOKEN="+credentials.SessionToken)
	}
	return environment, "Environment", nil
}
