package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"accountfleet/internal/assembly"
)

// value finds the value of an environment variable, with the credentials of the project's role where it lies elsewhere.
func (b *build) value(ctx context.Context, v assembly.Variable) (string, error) {
	switch v.Type {
	case "PLAINTEXT":
		return v.Value, nil
	case "PARAMETER_STORE":
		return b.parameter(ctx, v.Value)
	case "SECRETS_MANAGER":
		return b.secret(ctx, v.Value)
	}
	return "", fmt.Errorf("type %s is not understood", v.Type)
}

// parameter reads from Parameter Store by the call that CodeBuild uses, ssm:GetParameters.
func (b *build) parameter(ctx context.Context, name string) (string, error) {
	out, err := ssm.NewFromConfig(b.role.config).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{name}, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("get parameter %s as %s: %w", name, b.role.arn, err)
	}
	if len(out.Parameters) != 1 {
		return "", fmt.Errorf("parameter %s does not exist", name)
	}
	return aws.ToString(out.Parameters[0].Value), nil
}

// secret reads secret-id:json-key:version-stage:version-id; all but the id may be left out. An id that is an ARN has seven parts.
func (b *build) secret(ctx context.Context, reference string) (string, error) {
	parts := strings.Split(reference, ":")
	id, rest := parts[0], parts[1:]
	if parts[0] == "arn" && len(parts) >= 7 {
		id, rest = strings.Join(parts[:7], ":"), parts[7:]
	}
	at := func(i int) string {
		if i < len(rest) {
			return rest[i]
		}
		return ""
	}
	out, err := secretsmanager.NewFromConfig(b.role.config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &id, VersionStage: optional(at(1)), VersionId: optional(at(2)),
	})
	if err != nil {
		return "", fmt.Errorf("get secret %s as %s: %w", id, b.role.arn, err)
	}
	text, key := aws.ToString(out.SecretString), at(0)
	if key == "" {
		return text, nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", fmt.Errorf("secret %s holds no JSON, but its key %s is wanted", id, key)
	}
	field, ok := fields[key]
	if !ok {
		return "", fmt.Errorf("secret %s has no key %s", id, key)
	}
	return fmt.Sprint(field), nil
}
