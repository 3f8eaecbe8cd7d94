package secrets

import (
	"encoding/base64"
	"strings"
)

// kinds are all types of secrets.
func kinds() []kind {
	return append(append(append(cloudKinds(), serviceKinds()...), keyKinds()...), passwordKinds()...)
}

// prefixed makes values of a fixed start and random characters.
func prefixed(prefix string, make func(maker, int) string, n int) func(maker) string {
	return func(m maker) string { return prefix + make(m, n) }
}

func cloudKinds() []kind {
	return []kind{
		{"AWS access key id", prefixed("AKIA", func(m maker, n int) string { return m.of(upper, n) }, 16), []string{
			"[default]\naws_access_key_id = §\n", "AccessKeyId: §\n", `{"accessKeyId": "§", "region": "eu-west-1"}`, "aws configure set aws_access_key_id §\n"}},
		{"AWS secret access key", prefixed("", maker.alnum, 40), []string{
			"[default]\naws_secret_access_key = §\n", "export AWS_SECRET_ACCESS_KEY=§\n", `  "SecretAccessKey": "§",` + "\n",
			"provider \"aws\" {\n  secret_key = \"§\"\n}\n", "session = boto3.Session(aws_secret_access_key='§')\n", "      SecretAccessKey: §\n"}},
		{"AWS session token", func(m maker) string { return "IQoJb3JpZ2luX2Vj" + m.base64(300) }, []string{
			"aws_session_token = §\n", "export AWS_SESSION_TOKEN=\"§\"\n"}},
		{"AWS Bedrock key", func(m maker) string { return "ABSK" + m.base64(90) }, []string{"AWS_BEARER_TOKEN_BEDROCK=§\n"}},
		{"AWS MWS token", func(m maker) string { return "amzn.mws." + m.uuid() }, []string{"MWS_AUTH_TOKEN=§\n", "mws_auth_token: §\n"}},
		{"AppSync key", prefixed("da2-", maker.lower, 26), []string{"  aws_appsync_apiKey: \"§\",\n", "x-api-key: §\n"}},
		{"Azure storage key", func(m maker) string { return m.base64(64) }, []string{
			"AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName=fleet;AccountKey=§;EndpointSuffix=core.windows.net\n",
			"  account_key: §\n", "az storage blob list --account-name fleet --account-key \"§\"\n"}},
		{"Azure client secret", func(m maker) string { return m.alnum(3) + "8Q~" + m.web(34) }, []string{
			"AZURE_CLIENT_SECRET=§\n", `"clientSecret": "§",`, "client_secret = \"§\"\n"}},
		{"Azure SAS", func(m maker) string {
			return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(m.base64(32))
		}, []string{
			"url: https://fleet.blob.core.windows.net/logs?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&sig=§\n"}},
		{"Azure Service Bus key", func(m maker) string { return m.base64(32) }, []string{
			"connection: Endpoint=sb://fleet.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=§\n",
			"\"EventHub\": \"Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=§;EntityPath=x\"\n"}},
		{"Azure DevOps token", prefixed("", func(m maker, n int) string { return m.of("abcdefghijklmnopqrstuvwxyz234567", n) }, 52), []string{
			"AZURE_DEVOPS_EXT_PAT=§\n", "azure_devops_token: \"§\"\n"}},
		{"Google API key", prefixed("AIza", maker.web, 35), []string{
			"  maps_key: §\n", "const firebase = {apiKey: \"§\"};\n", "GOOGLE_API_KEY=§\n"}},
		{"Google OAuth client secret", prefixed("GOCSPX-", maker.web, 28), []string{
			`{"web":{"client_secret":"§","redirect_uris":[]}}`, "GOOGLE_CLIENT_SECRET=§\n"}},
		{"Google service account", func(m maker) string {
			return "-----BEGIN PRIVATE " + "KEY-----\\n" + m.base64(600) + "\\n-----END PRIVATE " + "KEY-----\\n"
		}, []string{
			"{\n  \"type\": \"service_account\",\n  \"private_key\": \"§\",\n  \"client_email\": \"a@b.iam.gserviceaccount.com\"\n}\n",
			"GOOGLE_CREDENTIALS='{\"type\":\"service_account\",\"private_key\":\"§\"}'\n"}},
		{"Alibaba key id", prefixed("LTAI", maker.alnum, 20), []string{"access_key = \"§\"\n"}},
		{"DigitalOcean token", prefixed("dop_v1_", maker.hex, 64), []string{"DIGITALOCEAN_TOKEN=§\n", "do_token = \"§\"\n"}},
		{"Cloudflare key", prefixed("", maker.hex, 37), []string{"CLOUDFLARE_API_KEY=§\n", "cloudflare_global_key: §\n"}},
		{"Heroku key", maker.uuid, []string{"HEROKU_API_KEY=§\n", "heroku_api_key: \"§\"\n"}},
	}
}

func serviceKinds() []kind {
	hex32, hex64 := prefixed("", maker.hex, 32), prefixed("", maker.hex, 64)
	return []kind{
		{"GitHub token", prefixed("ghp_", maker.alnum, 36), []string{
			"git clone https://§@github.com/acme/fleet.git\n", "GITHUB_TOKEN: §\n", "requests.get(u, headers={'Authorization': 'token §'})\n", "-H \"Authorization: Bearer §\"\n"}},
		{"GitHub fine-grained token", func(m maker) string { return "github_pat_" + m.alnum(22) + "_" + m.alnum(59) }, []string{"export GH_TOKEN=§\n", "token: \"§\"\n"}},
		{"GitHub app token", prefixed("ghs_", maker.alnum, 36), []string{"GITHUB_TOKEN=§\n", "  password: §\n"}},
		{"GitLab token", prefixed("glpat-", maker.web, 20), []string{"GITLAB_TOKEN=§\n", "curl --header 'PRIVATE-TOKEN: §' https://gitlab.example.com/api\n", "[gitlab]\nprivate_token = §\n"}},
		{"Slack bot token", func(m maker) string { return "xoxb-" + m.digits(12) + "-" + m.digits(12) + "-" + m.alnum(24) }, []string{
			"SLACK_BOT_TOKEN=§\n", "  token: §\n", `client = WebClient(token="§")` + "\n"}},
		{"Slack webhook", func(m maker) string {
			return "https://hooks.slack.com/services/T" + m.upper(8) + "/B" + m.upper(10) + "/" + m.alnum(24)
		}, []string{
			"slack_api_url: '§'\n", "curl -X POST -d '{}' §\n", `"webhook": "§"`}},
		{"Slack app token", func(m maker) string { return "xapp-1-A" + m.upper(10) + "-" + m.digits(13) + "-" + m.hex(64) }, []string{"SLACK_APP_TOKEN=§\n"}},
		{"Stripe key", prefixed("sk_live_", maker.alnum, 24), []string{"STRIPE_SECRET_KEY=§\n", "stripe.api_key = \"§\"\n", "curl https://api.stripe.com/v1/charges -u §:\n"}},
		{"Twilio API key", prefixed("SK", maker.hex, 32), []string{"TWILIO_API_KEY=§\n", "twilio: {key: §}\n"}},
		{"Twilio auth token", hex32, []string{"TWILIO_AUTH_TOKEN=§\n", "twilio_auth_token: \"§\"\n", "client = Client(account_sid, auth_token='§')\n"}},
		{"SendGrid key", func(m maker) string { return "SG." + m.web(22) + "." + m.web(43) }, []string{"SENDGRID_API_KEY=§\n", "sg = SendGridAPIClient('§')\n", "  apikey: §\n"}},
		{"Mailgun key", prefixed("key-", maker.hex, 32), []string{"MAILGUN_API_KEY=§\n", "curl -s --user 'api:§' https://api.mailgun.net/v3/x/messages\n"}},
		{"Mailchimp key", func(m maker) string { return m.hex(32) + "-us" + m.of("123456789", 1) }, []string{"MAILCHIMP_API_KEY=§\n", "mailchimp_key: '§'\n"}},
		{"Datadog API key", hex32, []string{"DD_API_KEY=§\n", "datadog:\n  apiKey: §\n", "datadog_api_key = \"§\"\n"}},
		{"PagerDuty key", prefixed("", maker.web, 20), []string{"PAGERDUTY_TOKEN=§\n", "pagerduty_service_key: '§'\n", "Authorization: Token token=§\n"}},
		{"New Relic key", prefixed("NRAK-", maker.upper, 27), []string{"NEW_RELIC_API_KEY=§\n", "newrelic: {user_key: §}\n"}},
		{"Grafana token", func(m maker) string { return "glsa_" + m.alnum(32) + "_" + m.hex(8) }, []string{"GRAFANA_TOKEN=§\n", "bearer_token: §\n"}},
		{"npm token", prefixed("npm_", maker.alnum, 36), []string{"//registry.npmjs.org/:_authToken=§\n", "NPM_TOKEN=§\n", "npm config set _authToken §\n"}},
		{"PyPI token", func(m maker) string { return "pypi-AgEIcHlwaS5vcmc" + m.web(150) }, []string{"[pypi]\nusername = __token__\npassword = §\n", "TWINE_PASSWORD=§\n"}},
		{"RubyGems key", prefixed("rubygems_", maker.hex, 48), []string{"---\n:rubygems_api_key: §\n", "GEM_HOST_API_KEY=§\n"}},
		{"NuGet key", prefixed("oy2", maker.lower, 43), []string{"dotnet nuget push a.nupkg --api-key §\n", "NUGET_API_KEY: §\n"}},
		{"Docker Hub token", prefixed("dckr_pat_", maker.web, 27), []string{"DOCKERHUB_TOKEN=§\n", "echo §| docker login -u acme --password-stdin\n", "  docker_password: §\n"}},
		{"Docker config", func(m maker) string { return base64.StdEncoding.EncodeToString([]byte("acme:" + m.password())) }, []string{
			"{\n  \"auths\": {\n    \"https://index.docker.io/v1/\": {\n      \"auth\": \"§\"\n    }\n  }\n}\n", `{"auths":{"registry.example.com":{"auth":"§"}}}`}},
		{"Vault token", prefixed("hvs.", maker.web, 90), []string{"VAULT_TOKEN=§\n", "vault login §\n", "  client_token: \"§\"\n"}},
		{"Terraform Cloud token", func(m maker) string { return m.alnum(14) + ".atlasv1." + m.alnum(65) }, []string{
			"credentials \"app.terraform.io\" {\n  token = \"§\"\n}\n", "TF_TOKEN_app_terraform_io=§\n"}},
		{"OpenAI key", func(m maker) string { return "sk-proj-" + m.web(74) + "T3BlbkFJ" + m.web(74) }, []string{"OPENAI_API_KEY=§\n", "openai.api_key = '§'\n"}},
		{"Anthropic key", func(m maker) string { return "sk-ant-api03-" + m.web(93) + "AA" }, []string{"ANTHROPIC_API_KEY=§\n", "x-api-key: §\n"}},
		{"Hugging Face token", prefixed("hf_", func(m maker, n int) string { return m.of(alnum[:52], n) }, 34), []string{"HF_TOKEN=§\n", "login(token=\"§\")\n"}},
		{"Databricks token", prefixed("dapi", maker.hex, 32), []string{"DATABRICKS_TOKEN=§\n", "[DEFAULT]\nhost = https://x.cloud.databricks.com\ntoken = §\n"}},
		{"Telegram bot token", func(m maker) string { return m.of("123456789", 10) + ":AA" + m.web(33) }, []string{"TELEGRAM_BOT_TOKEN=§\n", "https://api.telegram.org/bot§/sendMessage\n"}},
		{"Discord webhook", func(m maker) string {
			return "https://discord.com/api/webhooks/" + m.of("123456789", 18) + "/" + m.web(68)
		}, []string{"DISCORD_WEBHOOK=§\n", "url: §\n"}},
		{"Shopify token", prefixed("shpat_", maker.hex, 32), []string{"SHOPIFY_ACCESS_TOKEN=§\n"}},
		{"Sentry token", prefixed("sntryu_", maker.hex, 64), []string{"SENTRY_AUTH_TOKEN=§\n", "[auth]\ntoken=§\n"}},
		{"SonarQube token", prefixed("squ_", maker.hex, 40), []string{"SONAR_TOKEN=§\n", "sonar.login=§\n"}},
		{"Artifactory key", prefixed("AKCp", maker.alnum, 69), []string{"ARTIFACTORY_API_KEY=§\n", "X-JFrog-Art-Api: §\n"}},
		{"Atlassian token", prefixed("ATATT3", maker.web, 186), []string{"JIRA_API_TOKEN=§\n", "confluence_token: §\n"}},
		{"Okta token", prefixed("00", maker.web, 40), []string{"OKTA_API_TOKEN=§\n", "okta: {token: \"§\"}\n"}},
		{"Snyk token", maker.uuid, []string{"SNYK_TOKEN=§\n"}},
		{"JWT", maker.jwt, []string{"Authorization: Bearer §\n", "access_token: §\n", "jwt = \"§\"\n", "SUPABASE_SERVICE_ROLE_KEY=§\n"}},
		{"client secret", prefixed("", maker.web, 64), []string{"AUTH0_CLIENT_SECRET=§\n", "  client-secret: §\n", `"client_secret": "§"`, "OIDC_CLIENT_SECRET: \"§\"\n"}},
		{"signing key", hex64, []string{"SECRET_KEY_BASE=§\n", "app.config['SECRET_KEY'] = '§'\n", "jwt_secret: §\n", "SESSION_SECRET=\"§\"\n", "webhook_secret = §\n"}},
		{"encryption key", func(m maker) string { return m.base64(32) }, []string{"ENCRYPTION_KEY=§\n", "fernet_key = '§'\n", "  masterKey: §\n"}},
	}
}
