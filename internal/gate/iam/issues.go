package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// verdict is what an issue of parliament comes to; a verdict without a rule is none.
type verdict struct {
	rule     string
	severity finding.Severity
	message  string
	cure     string
	needle   string // a text of the statement by which the line is found
}

// dismissed are kinds that are no findings, and why. They are decided here one by one, so that a kind of a newer parliament is not
// overlooked: judge ends in an error for what it does not know.
var dismissed = map[string]string{
	"PRIVILEGE_ESCALATION":           "the paths are judged by this package, which reads resources and conditions too",
	"PERMISSIONS_MANAGEMENT_ACTIONS": "managing permissions is what some roles are for; their escalation paths are judged",
	"CREDENTIALS_EXPOSURE":           "guard rule POLICY_CREATES_NO_CREDENTIALS says it of the credentials that last",
	"SENSITIVE_ACCESS":               "says nothing without a list of sensitive resources, of which a catalog has none",
	"NOTRESOURCE_WITH_ALLOW":         "guard rule POLICY_NAMES_ITS_RESOURCES says it",
	"RESOURCE_STAR":                  "whether a role may act on all resources depends on its task; escalation paths and guard rules judge it",
	"RESOURCE_EFFECTIVELY_STAR":      "as RESOURCE_STAR",
}

// judge says what an issue means for a policy. An error is a kind that this package does not know: the gate is then broken.
func judge(p policy, i issue) (verdict, error) {
	text := i.text()
	v := verdict{severity: finding.Error, needle: i.Text}
	switch i.Kind {
	case "EXCEPTION", "MALFORMED", "MALFORMED_JSON":
		return v.as("IAM_POLICY_WELL_FORMED", "the policy is not what IAM understands: "+text,
			"write Version, Statement and in each statement Effect, Action, Resource (Principal where it is a resource's), spelt like this"), nil
	case "DUPLICATE_SID":
		return v.as("IAM_STATEMENT_IDS_DIFFER", "two statements have the same Sid, which IAM refuses: "+text, "give each statement a Sid of its own"), nil
	case "INVALID_SID":
		return v.as("IAM_STATEMENT_ID_PLAIN", fmt.Sprintf("the Sid %q holds more than letters and digits, which IAM refuses", i.Text),
			"write a Sid of letters and digits"), nil
	case "NO_VERSION", "OLD_VERSION", "INVALID_VERSION":
		v.needle = "Version"
		return v.as("IAM_POLICY_VERSION", "the policy is read by the rules of 2008, which know no variables such as ${aws:username}",
			`write Version: "2012-10-17"`), nil
	case "UNKNOWN_ACTION", "UNKNOWN_PREFIX":
		return v.as("IAM_ACTION_EXISTS", text+": AWS has no such action, so the statement does less than it says",
			"correct the spelling; the Service Authorization Reference lists the actions of each service"), nil
	case "UNKNOWN_OPERATOR":
		return v.as("IAM_CONDITION_OPERATOR_EXISTS", fmt.Sprintf("IAM has no condition operator %q", text),
			"use one of StringEquals, StringLike, ArnLike, Bool, NumericEquals, DateLessThan, IpAddress, Null and their forms"), nil
	case "UNKNOWN_CONDITION_FOR_ACTION":
		return conditionKey(v, i)
	case "RESOURCE_MISMATCH":
		return misplaced(v, i)
	case "RESOURCE_POLICY_PRIVILEGE_ESCALATION":
		return bucketPolicy(v, p, text), nil
	}
	if why, ok := dismissed[i.Kind]; ok && why != "" {
		return verdict{}, nil
	}
	return judgeValue(v, p, i)
}

// judgeValue judges what is said about ARNs, principals and values.
func judgeValue(v verdict, p policy, i issue) (verdict, error) {
	text := i.text()
	switch i.Kind {
	case "INVALID_ARN":
		if partition.MatchString(i.Text) && text == "Unexpected partition" {
			return verdict{}, nil
		}
		return v.as("IAM_RESOURCE_IS_ARN", fmt.Sprintf("%q is no ARN, so the statement is about nothing: %s", i.Text, text),
			"write arn:PARTITION:SERVICE:REGION:ACCOUNT:ID, for example with Fn::GetAtt or Fn::Sub"), nil
	case "UNKNOWN_PRINCIPAL", "UNKNOWN_FEDERATION_SOURCE":
		return principalOf(v, text), nil
	case "MISMATCHED_TYPE":
		if mistaken(text) {
			return verdict{}, nil
		}
		return v.as("IAM_CONDITION_VALUE_FITS", "the condition never holds: "+text, "compare the key with a value of its type, by an operator of that type"), nil
	case "MISMATCHED_TYPE_OPERATION_TO_NULL":
		return v.as("IAM_CONDITION_VALUE_FITS", "the condition compares a truth with something else than true or false", `write "true" or "false"`), nil
	case "MISMATCHED_TYPE_BUT_USABLE":
		if !p.comparesPatterns(i.Statement, "") {
			return verdict{}, nil // a whole ARN is compared as well by its text
		}
		return v.literally(), nil
	case "BAD_PATTERN_FOR_MFA":
		return v.as("IAM_MFA_IS_DEMANDED", "the condition does not see requests without a key for MFA, such as those made with access keys",
			`deny with {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`), nil
	case "NOTPRINCIPAL_WITH_ALLOW":
		return v.as("IAM_NO_NOTPRINCIPAL_ALLOWED", "the statement lets everybody in whom it does not name, also without an account",
			"name who may under Principal"), nil
	case "SINGLE_VALUE_CONDITION_TOO_PERMISSIVE":
		if p.denies(i.Statement) {
			return verdict{}, nil // AWS's own guardrails deny so: a request without the key is then left alone, on purpose
		}
		return v.as("IAM_CONDITION_SINGLE_VALUE", "ForAllValues and ForAnyValue are for keys of several values: of a request without the key, ForAllValues holds",
			"remove ForAllValues: or ForAnyValue:"), nil
	}
	return v, fmt.Errorf("parliament: unknown kind of issue %q in a policy of %s: this fleet does not understand it: run make tools", i.Kind, p.product.ID)
}

func (v verdict) as(rule, message, cure string) verdict {
	v.rule, v.message, v.cure = rule, strings.TrimSuffix(strings.TrimSpace(message), ":"), cure
	return v
}

var (
	// partition begins ARNs of partitions that parliament does not know. Source: AWS SDK for Go, endpoints of partitions.
	partition = regexp.MustCompile(`^arn:(aws-iso-[a-z]|aws-eusc):`)
	// federated are identity providers that parliament does not know: those that a template or account makes.
	federated = regexp.MustCompile(`^arn:[-a-z*]*:iam::\d{12}:(oidc|saml)-provider/.+$`)
	// session are principals of a session, which a resource's policy may name. Source: IAM User Guide, "AWS JSON policy elements: Principal".
	session = regexp.MustCompile(`^arn:[-a-z*]*:sts::\d{12}:(assumed-role|federated-user)/.+$`)
	// serviceAccount are principals that AWS names otherwise, for example an origin access identity.
	serviceAccount = regexp.MustCompile(`^arn:[-a-z*]*:iam::cloudfront:user/.+$`)
)

var (
	// epoch is a key that takes numbers as well as dates.
	epoch = regexp.MustCompile(`(?i)aws:EpochTime requires`)
	// asARN is how AWS compares texts that hold an ARN, for example kms:EncryptionContext:aws:logs:arn in the CloudWatch Logs User Guide.
	asARN = regexp.MustCompile(`^Type mismatch: (?i:(for(all|any)values?:)?arn\w+) requires a value of type Arn but given String$`)
	// decimals are numbers such as that of s3:TlsVersion; parliament takes whole ones only.
	decimals = regexp.MustCompile(`requires a value of type (Number|Numeric|Long) but given \[('-?\d+(\.\d+)?'(, )?)+\]$`)
)

// mistaken says whether parliament calls a value wrong that AWS takes.
func mistaken(text string) bool {
	return epoch.MatchString(text) || asARN.MatchString(text) || decimals.MatchString(text)
}

func principalOf(v verdict, text string) verdict {
	if federated.MatchString(text) || session.MatchString(text) || serviceAccount.MatchString(text) {
		return verdict{}
	}
	said := "a principal"
	if text != "" {
		said, v.needle = fmt.Sprintf("%q", text), text
	}
	return v.as("IAM_PRINCIPAL_EXISTS", said+" is nobody whom IAM knows, so the statement is refused or about nobody",
		"write an account's 12 digits, the ARN of a role, or Service: NAME.amazonaws.com")
}

// conditionKey judges a key that requests do not carry. Where other actions of the statement have the key, patterns are let pass, as AWS
// writes its own examples, and an action that is named is a warning: of the statement something is left.
func conditionKey(v verdict, i issue) (verdict, error) {
	var said struct {
		Key     string
		Actions []string
		Dead    bool
	}
	if err := json.Unmarshal(i.Detail, &said); err != nil {
		return v, fmt.Errorf("parliament: report cannot be read: %w", err)
	}
	if !said.Dead {
		v.severity = finding.Warning
		said.Actions = slices.DeleteFunc(said.Actions, func(action string) bool { return strings.ContainsAny(action, "*?") })
	}
	if len(said.Actions) == 0 {
		return verdict{}, nil
	}
	v.needle = said.Key
	return v.as("IAM_CONDITION_KEY_EXISTS",
		fmt.Sprintf("requests for %s carry no %s: the condition never holds for them, or by a Not always", strings.Join(said.Actions, ", "), said.Key),
		"use a key that the Service Authorization Reference lists for the action, or put the action into a statement of its own"), nil
}

func misplaced(v verdict, i issue) (verdict, error) {
	var said struct{ Action, Want string }
	if err := json.Unmarshal(i.Detail, &said); err != nil {
		return v, fmt.Errorf("parliament: report cannot be read: %w", err)
	}
	v.needle = said.Action
	return v.as("IAM_RESOURCE_FITS_ACTION", fmt.Sprintf("%s acts on none of the statement's resources, so it is not allowed", said.Action),
		fmt.Sprintf("add a resource of the form %s, or remove the action", said.Want)), nil
}

// bucketPolicy is for identities: whoever may write a bucket's policy but not its objects gives himself the rest.
func bucketPolicy(v verdict, p policy, text string) verdict {
	if p.kind != identity {
		return verdict{}
	}
	v.severity = finding.Note
	return v.as("IAM_BUCKET_POLICY_GRANTS", text, "leave s3:PutBucketPolicy and s3:PutBucketAcl to who may also read, write and delete objects")
}

func (v verdict) literally() verdict {
	return v.as("IAM_CONDITION_ARN_OPERATOR", "the condition compares a pattern as if it were a text, so it never holds, or by a Not always",
		"use ArnLike or StringLike where a value holds * or ?")
}

// patternFindings are those about global keys, of which parliament does not look at the operator.
func (p policy) patternFindings() []finding.Finding {
	var findings []finding.Finding
	for n := range statementsOf(p.body) {
		if p.comparesPatterns(n, "arn") {
			v := verdict{}.literally()
			findings = append(findings, p.finding(v.rule, p.place(n, ""), v.message, v.cure))
		}
	}
	return findings
}

// comparesPatterns says whether a statement of the policy compares a value with * or ? by an operator that takes them literally, for a
// key that ends so.
func (p policy) comparesPatterns(n int, ending string) bool {
	statements := statementsOf(p.body)
	if n < 0 || n >= len(statements) {
		return false
	}
	return slices.ContainsFunc(statements[n].conditions, func(c condition) bool {
		literal := slices.Contains([]string{"stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase"}, c.operator)
		return literal && strings.HasSuffix(c.key, ending) && slices.ContainsFunc(c.values, func(v string) bool { return strings.ContainsAny(hole.ReplaceAllString(v, ""), "*?") })
	})
}

// denies says whether a statement of the policy, by its number, is a Deny.
func (p policy) denies(n int) bool {
	statements := statementsOf(p.body)
	return n >= 0 && n < len(statements) && statements[n].effect == "Deny"
}
