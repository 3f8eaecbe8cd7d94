package secrets

import "strings"

// innocent marks the planted text that holds no secret.
const innocent = -1 << 30

// plant is a text with a secret made up for this run, and the rule of gitleaks that must find it.
type plant struct{ rule, text string }

func plants() []plant {
	return append(housePlants(), []plant{
		{"aws-access-token", "id = AKIA" + random(upper, 16) + "\n"},
		{"private-key", "-----BEGIN RSA " + "PRIVATE KEY-----\n" + random(alnum, 64) + "\n" + random(alnum, 64) + "\n-----END RSA " + "PRIVATE KEY-----\n"},
		{"github-pat", "token: ghp_" + random(alnum, 36) + "\n"},
		{"slack-bot-token", "token: xoxb-" + random(digits, 12) + "-" + random(digits, 12) + "-" + random(alnum, 24) + "\n"},
		{"stripe-access-token", "key: sk_live_" + random(alnum, 24) + "\n"},
		{"gcp-api-key", "key: AIza" + random(alnum, 35) + "\n"},
		{"npm-access-token", "token: npm_" + random(strings.ToLower(alnum), 36) + "\n"},
		{genericRule, "credential = \"" + wordless(20) + "\"\n"},
	}...)
}

// housePlants are the secrets planted for the house rules, one for each.
func housePlants() []plant {
	password := func() string { return "aB" + wordless(5) + "!" }
	return []plant{
		{"password-literal", "db_password: " + password() + "\n"},
		{"password-in-xml", "<password>" + password() + "</password>\n"},
		{"password-in-address", "postgres://fleet:" + wordless(8) + "@db.internal/fleet\n"},
		{"password-by-name-and-value", "- name: DB_PASSWORD\n  value: " + password() + "\n"},
		{"password-as-default", "  DbPassword:\n    Type: String\n    Default: " + password() + "\n"},
		{"password-in-sql", "CREATE USER fleet IDENTIFIED BY '" + password() + "'\n"},
		{"password-of-command", "sshpass -p " + password() + " ssh host\n"},
		{"password-of-user", "requirepass " + password() + "\n"},
		{"password-of-postgresql", "db.internal:5432:app:fleet:" + password() + "\n"},
		{"assigned-secret", "config['SECRET_KEY'] = '" + wordless(20) + "'\n"},
		{"bearer-token", "-H 'Authorization: Bearer " + wordless(16) + "'\n"},
		{"aws-session-token", "IQoJ" + "b3JpZ2luX2Vj" + random(alnum, 200) + "\n"},
		{"azure-shared-access-signature", "https://a.blob.core.windows.net/b?sv=2022-11-02&sig=" + random(alnum, 43) + "%3D\n"},
		{"azure-devops-token", "AZURE_DEVOPS_EXT_PAT=" + random(strings.ToLower(upper), 52) + "\n"},
		{"nuget-key", "push a.nupkg -k oy2" + random(strings.ToLower(alnum), 43) + "\n"},
		{"docker-hub-token", "echo dckr_pat_" + random(alnum, 27) + "\n"},
		{"new-relic-user-key", "user: NRAK-" + random(upper, 27) + "\n"},
		{"telegram-token", "https://api.telegram.org/bot" + random(digits[1:], 10) + ":AA" + random(alnum, 33) + "/getMe\n"},
		{"discord-webhook", "https://discord.com/api/webhooks/" + random(digits[1:], 18) + "/" + random(alnum, 68) + "\n"},
		{"mailchimp-key", "key: " + random(digits+"abcdef", 32) + "-us7\n"},
		{"docker-config-auth", "{\"auths\": {\"r\": {\"auth\": \"" + random(alnum, 24) + "\"}}}\n"},
		{"putty-private-key", "Private-MAC: " + random(digits+"abcdef", 40) + "\n"},
	}
}

// wordless makes up n pairs of letter and digit: a value that holds a word is no secret to gitleaks' generic rule.
func wordless(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(draw(alnum[:52], 1) + draw(digits, 1))
	}
	return b.String()
}
