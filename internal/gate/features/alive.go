package features

import (
	"context"
	"fmt"

	"accountfleet/internal/config"
	"accountfleet/internal/manifest"
)

// canary is run before every verdict: scenarios that hold, some that do not, one that nobody defined.
const canary = `Feature: proof of life

  Scenario: holds
    Given the template of product "canary"
    Then there is a AWS::S3::Bucket

  Scenario: does not hold
    Given the template of product "canary"
    Then every AWS::S3::Bucket blocks public access

  Scenario: is not defined
    Given the template of product "canary"
    Then the canary sings

  Scenario: a request is denied
    Given the template of product "canary"
    Then the policy "Fence" denies "s3:PutObject" on "arn:aws:s3:::cage/seed" when:
      | aws:RequestedRegion | us-east-1 |

  Scenario: a request is not denied
    Given the template of product "canary"
    Then the policy "Fence" denies "s3:PutObject" on "arn:aws:s3:::cage/seed" when:
      | aws:RequestedRegion | eu-west-1 |

  Scenario: a request says too little to be judged
    Given the template of product "canary"
    Then the policy "Fence" allows "s3:PutObject" on "arn:aws:s3:::cage/seed"
`

// cage is the template that the canary's scenarios look at.
func cage() map[string]any {
	return map[string]any{"Resources": map[string]any{
		"Open": map[string]any{"Type": "AWS::S3::Bucket"},
		"Fence": map[string]any{"Type": policyType, "Properties": map[string]any{
			"Type": "SERVICE_CONTROL_POLICY",
			"Content": map[string]any{"Statement": []any{map[string]any{
				"Effect": "Deny", "Action": "s3:*", "Resource": "*",
				"Condition": map[string]any{"StringNotEquals": map[string]any{"aws:RequestedRegion": "eu-west-1"}},
			}}},
		}},
	}}
}

// alive proves that the runner, with the very vocabulary and options used, tells good from bad.
func alive(ctx context.Context) error {
	catalog := &manifest.Catalog{Products: []manifest.Product{{ID: "canary", Template: manifest.Template{Doc: cage()}}}}
	settings := &config.Settings{Name: "fleet", Regions: config.Regions{Home: "eu-west-1"}, Accounts: config.Accounts{Test: "000000000000"}}
	results, _, err := suite(ctx, []run{{uri: "canary.feature", file: manifest.File{Body: []byte(canary)}}}, catalog, settings)
	if err != nil {
		return fmt.Errorf("gherkin: proof of life: %w", err)
	}
	for i, want := range []string{"passed", "failed", "undefined", "passed", "failed", "failed"} {
		got := "nothing"
		if elements := results[0].Elements; i < len(elements) && len(elements[i].Steps) == 2 {
			got = elements[i].Steps[1].Result.Status
		}
		if got != want {
			return fmt.Errorf("gherkin: proof of life: the planted scenario %d gave %s instead of %s: the runner is not to be trusted", i+1, got, want)
		}
	}
	return nil
}
