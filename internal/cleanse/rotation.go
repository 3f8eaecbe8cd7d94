package cleanse

import "strings"

// rotations say where a secret of a kind is taken back: rules of the gate by the start of their names, the first that fits counts. A test
// holds that none of these is about a rule that does not exist.
var rotations = []struct{ prefix, do string }{
	{"AWS_ACCESS_KEY", rotateKey},
	{"AWS_ACCESS_TOKEN", rotateKey},
	{"AWS_SECRET_KEY", rotateKey},
	{"AWS_SESSION_TOKEN", "revoke the role's sessions: IAM console, the role, Revoke active sessions (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html)"},
	{"AWS_AMAZON_BEDROCK", "delete the key: aws iam delete-service-specific-credential --service-specific-credential-id ID"},
	{"GITHUB", "https://github.com/settings/tokens"},
	{"GITLAB", "https://gitlab.com/-/user_settings/personal_access_tokens"},
	{"SLACK", "https://api.slack.com/apps"},
	{"STRIPE", "https://dashboard.stripe.com/apikeys"},
	{"GOOGLE", "https://console.cloud.google.com/apis/credentials"},
	{"GCP", "https://console.cloud.google.com/apis/credentials"},
	{"NPM", "https://www.npmjs.com/settings/~/tokens"},
	{"PYPI", "https://pypi.org/manage/account/token/"},
	{"ANTHROPIC", "https://console.anthropic.com/settings/keys"},
	{"OPENAI", "https://platform.openai.com/api-keys"},
	{"AZURE_DEVOPS", "https://dev.azure.com/_usersSettings/tokens"},
	{"AZURE", "https://portal.azure.com: regenerate the account's key or the application's secret"},
	{"DOCKER_HUB", "https://app.docker.com/settings/personal-access-tokens"},
	{"NUGET", "https://www.nuget.org/account/apikeys"},
	{"NEW_RELIC", "https://one.newrelic.com/api-keys"},
	{"TELEGRAM", "send /revoke to https://t.me/BotFather"},
	{"DISCORD", "https://discord.com/developers/applications, and for a webhook the channel's integrations"},
	{"HEROKU", "https://dashboard.heroku.com/account"},
	{"DIGITALOCEAN", "https://cloud.digitalocean.com/account/api/tokens"},
	{"CLOUDFLARE", "https://dash.cloudflare.com/profile/api-tokens"},
	{"SENDGRID", "https://app.sendgrid.com/settings/api_keys"},
	{"TWILIO", "https://console.twilio.com: Account, API keys and tokens"},
	{"ATLASSIAN", "https://id.atlassian.com/manage-profile/security/api-tokens"},
	{"DATADOG", "https://app.datadoghq.com/organization-settings/api-keys"},
	{"HASHICORP_TF_API_TOKEN", "https://app.terraform.io/app/settings/tokens"},
	{"VAULT", "vault token revoke, with the token from standard input"},
	{"PRIVATE_KEY", "make a new key pair, and take the public key out of every authorized_keys, certificate and provider that trusts it; have certificates revoked"},
	{"PUTTY_PRIVATE_KEY", "make a new key pair, and take the public key out of every place that trusts it"},
	{"PKCS12", "make a new key pair and have the certificate revoked by its issuer"},
	{"PASSWORD", "change the password where it is set, and end the sessions that were opened with it"},
	{"CURL_AUTH", "change the password or token at the address that the command calls"},
	{"KUBERNETES_SECRET", "change what the Secret holds where it was issued, then the Secret"},
	{"GIVEN", "revoke it where it was issued, and make a new one"},
	{"JWT", "change the key that tokens are signed with, or wait until the token expires"},
}

const rotateKey = "aws iam update-access-key --access-key-id ID --status Inactive, then create a new key and aws iam delete-access-key; an id with ASIA is a session's: revoke the role's sessions"

// rotation says how secrets of a rule are taken back. For services of which no page is known here (gitleaks knows some two hundred) the
// rule's title says which one it is.
func rotation(rule, title string) string {
	for _, r := range rotations {
		if strings.HasPrefix(rule, r.prefix) {
			return r.do
		}
	}
	return "revoke " + title + " where the service that issued it lists its keys or tokens, and make a new one"
}

// accessKeyID says whether a secret is an AWS access key id, which Keys can deactivate.
func (s Secret) accessKeyID() bool {
	return len(s.value) == 20 && strings.HasPrefix(string(s.value), "AKIA")
}
