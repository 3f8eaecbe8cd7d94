package iam

import (
	"regexp"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// account stands for accounts that only a deployment knows.
const account = "111111111111"

// arns are the forms of what common resources are known by, so that a policy about them can be judged before there are any. Source: the
// return values in the CloudFormation Template Reference, the ARN formats in the Service Authorization Reference.
var arns = map[string]string{
	"AWS::S3::Bucket.Arn":                     "arn:aws:s3:::symbol",
	"AWS::SQS::Queue.Arn":                     "arn:aws:sqs:eu-west-1:111111111111:symbol",
	"AWS::SNS::Topic":                         "arn:aws:sns:eu-west-1:111111111111:symbol",
	"AWS::SNS::Topic.TopicArn":                "arn:aws:sns:eu-west-1:111111111111:symbol",
	"AWS::KMS::Key.Arn":                       "arn:aws:kms:eu-west-1:111111111111:key/symbol",
	"AWS::Logs::LogGroup.Arn":                 "arn:aws:logs:eu-west-1:111111111111:log-group:symbol:*",
	"AWS::DynamoDB::Table.Arn":                "arn:aws:dynamodb:eu-west-1:111111111111:table/symbol",
	"AWS::Lambda::Function.Arn":               "arn:aws:lambda:eu-west-1:111111111111:function:symbol",
	"AWS::SecretsManager::Secret":             "arn:aws:secretsmanager:eu-west-1:111111111111:secret:symbol",
	"AWS::IAM::Role.Arn":                      "arn:aws:iam::111111111111:role/symbol",
	"AWS::IAM::ManagedPolicy":                 "arn:aws:iam::111111111111:policy/symbol",
	"AWS::Kinesis::Stream.Arn":                "arn:aws:kinesis:eu-west-1:111111111111:stream/symbol",
	"AWS::CloudTrail::Trail.Arn":              "arn:aws:cloudtrail:eu-west-1:111111111111:trail/symbol",
	"AWS::Backup::BackupVault.Arn":            "arn:aws:backup:eu-west-1:111111111111:backup-vault:symbol",
	"AWS::Events::Rule.Arn":                   "arn:aws:events:eu-west-1:111111111111:rule/symbol",
	"AWS::Backup::BackupVault.BackupVaultArn": "arn:aws:backup:eu-west-1:111111111111:backup-vault:symbol",
}

// leading is a value that begins with what only a deployment knows.
var leading = regexp.MustCompile(`^\$\{([^}.:]+)(\.[^}]+)?\}`)

// known says whether ${name} stands for something that only a deployment knows, and not for a variable of IAM such as ${aws:username}.
func known(name string) bool {
	return !strings.Contains(name, ":") || strings.HasPrefix(name, "AWS::") || strings.HasPrefix(name, "Fn::") || strings.HasPrefix(name, "import:")
}

// segments are the six parts of an ARN; of another text, fewer. What stands for an unknown part may hold colons of its own.
func segments(arn string) []string {
	var holes []string
	masked := hole.ReplaceAllStringFunc(arn, func(found string) string {
		holes = append(holes, found)
		return "\x00"
	})
	parts := strings.SplitN(masked, ":", 6)
	for i, part := range parts {
		for len(holes) > 0 && strings.Contains(part, "\x00") {
			part = strings.Replace(part, "\x00", holes[0], 1)
			holes = holes[1:]
		}
		parts[i] = part
	}
	return parts
}

// symbolic says whether a text holds something that only a deployment knows.
func symbolic(text string) bool {
	for _, m := range hole.FindAllStringSubmatch(text, -1) {
		if known(m[1]) {
			return true
		}
	}
	return false
}

// sampler makes from a policy one that a tool understands which knows no template: same meaning, sample values.
type sampler struct {
	types map[string]string // of the template's resources, by logical id
	blank bool              // an empty text is the default of a parameter that stands for nothing, in a branch that is then not taken
}

// question is a policy for parliament: complete where IAM demands less of the policy's kind than parliament does.
func (s sampler) question(p policy) any {
	out := s.sample(p)
	statements, _ := out["Statement"].([]any)
	for _, item := range statements {
		st, ok := item.(map[string]any)
		if !ok {
			continue
		}
		if id, isText := st["Sid"].(string); isText && p.kind == resource {
			st["Sid"] = plain.ReplaceAllString(id, "")
		}
		if (p.kind == trust || bare[p.typ]) && st["Resource"] == nil && st["NotResource"] == nil {
			st["Resource"] = "*"
		}
	}
	return out
}

// sample is a policy in which samples stand for what only a deployment knows.
func (s sampler) sample(p policy) map[string]any {
	s.blank = !p.writesEmpty()
	out := map[string]any{}
	for key, value := range p.body {
		if key == "Statement" {
			var statements []any
			for _, item := range resolve.List(value) {
				statements = append(statements, s.statement(p, item))
			}
			value = statements
		}
		out[key] = value
	}
	return out
}

// bare are types whose policies name no resource.
var bare = map[string]bool{"AWS::ECR::Repository": true, "AWS::ECR::PublicRepository": true}

func (s sampler) statement(p policy, item any) any {
	m, ok := item.(map[string]any)
	if !ok {
		return item
	}
	out := map[string]any{}
	for key, value := range m {
		switch key {
		case "Resource", "NotResource":
			value = each(value, func(text string) string { return s.arn(text, "*") })
		case "Principal", "NotPrincipal":
			value = s.principals(value)
		case "Condition":
			value = s.condition(value)
		case "Action", "NotAction":
			value = each(value, func(text string) string { return hole.ReplaceAllString(text, "*") })
		}
		out[key] = value
	}
	return out
}

// plain is what a statement's id may not hold in policies of roles; policies of resources let it.
var plain = regexp.MustCompile(`[^0-9A-Za-z]`)

// each applies f to every text in a value.
func each(v any, f func(string) string) any {
	switch v := v.(type) {
	case string:
		return f(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = each(item, f)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = each(item, f)
		}
		return out
	}
	return v
}

// arn replaces what only a deployment knows in an ARN. One that is not known at all may be any, as other says.
func (s sampler) arn(text, other string) string {
	if text == "" && s.blank {
		return other
	}
	if m := leading.FindStringSubmatch(text); m != nil && known(m[1]+m[2]) {
		sample, ok := arns[s.types[m[1]]+m[2]]
		if !ok {
			return other
		}
		text = sample + text[len(m[0]):]
	}
	parts := segments(text)
	if len(parts) < 6 || !symbolic(text) {
		return fill(text, "symbol")
	}
	for i, instead := range []string{"arn", "aws", "symbol", "*", "*", "symbol"} {
		parts[i] = fill(parts[i], instead)
	}
	return strings.Join(parts, ":")
}

// fill replaces what only a deployment knows, and leaves IAM's own variables.
func fill(text, instead string) string {
	return hole.ReplaceAllStringFunc(text, func(found string) string {
		if known(found[2 : len(found)-1]) {
			return instead
		}
		return found
	})
}

// principals are samples of what stands under Principal.
func (s sampler) principals(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return each(v, func(text string) string { return s.principal(text, "role/symbol") })
	}
	out := make(map[string]any, len(m))
	for key, value := range m {
		instead := "role/symbol"
		if key == "Federated" {
			instead = "oidc-provider/symbol"
		}
		out[key] = each(value, func(text string) string { return s.principal(text, instead) })
	}
	return out
}

// principal is a sample of one principal; instead is what one is that is not known at all.
func (s sampler) principal(text, instead string) string {
	if text == "" && s.blank || leading.FindString(text) == text && text != "" && symbolic(text) {
		return "arn:aws:iam::" + account + ":" + instead
	}
	if !symbolic(text) {
		return text
	}
	parts := segments(text)
	if len(parts) < 6 {
		return fill(text, "symbol")
	}
	for i, instead := range []string{"arn", "aws", "symbol", "", account, "symbol"} {
		parts[i] = fill(parts[i], instead)
	}
	return strings.Join(parts, ":")
}

// condition gives every value that is not known one of the form that its operator and key want.
func (s sampler) condition(v any) any {
	operators, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for operator, block := range operators {
		keys, ok := block.(map[string]any)
		if !ok {
			out[operator] = block
			continue
		}
		filled := map[string]any{}
		for key, values := range keys {
			filled[key] = each(values, func(text string) string { return s.value(strings.ToLower(operator), strings.ToLower(key), text) })
		}
		out[operator] = filled
	}
	return out
}

// wanted are samples of values, by a part of the operator's name.
var wanted = []struct{ operator, sample string }{
	{"bool", "true"}, {"null", "true"}, {"numeric", "1"}, {"date", "2026-01-01T00:00:00Z"}, {"ipaddress", "10.0.0.0/8"},
}

func (s sampler) value(operator, key, text string) string {
	if !symbolic(text) && (text != "" || !s.blank) {
		return text
	}
	for _, w := range wanted {
		if strings.Contains(operator, w.operator) {
			return w.sample
		}
	}
	if strings.Contains(operator, "arn") || strings.HasSuffix(key, "arn") || leading.FindString(text) == text {
		return s.arn(text, "arn:aws:symbol:*:*:symbol") // as good as any other text, should the key want none
	}
	return fill(text, "symbol")
}
