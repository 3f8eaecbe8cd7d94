package secrets

import (
	"fmt"
	"strings"
)

// lookalikeSpecimens are files without any secret, each of which somebody's scanner has called one.
func lookalikeSpecimens(m maker) []specimen {
	var all []specimen
	for _, group := range []struct {
		name  string
		texts []string
	}{
		{"identifier", identifiers(m)}, {"digest", digestTexts(m)}, {"documentation", documentation(m)}, {"public key", publicKeys(m)},
		{"lock file", lockFiles(m)}, {"placeholder", placeholders()}, {"reference", references(m)}, {"code", codeTexts()}, {"setting", settingTexts()},
		{"data", dataTexts(m)},
	} {
		for _, text := range group.texts {
			all = append(all, specimen{kind: group.name, text: text + "\n"})
		}
	}
	return all
}

func identifiers(m maker) []string {
	account := m.of("123456789", 12)
	arn := func(rest string) string { return "arn:aws:" + strings.ReplaceAll(rest, "ACCOUNT", account) }
	return []string{
		"account_id: " + account, "AWS_ACCOUNT_ID=" + account, `"AccountId": "` + account + `",`, "accounts:\n  test: \"" + account + "\"", "AWS_ACCOUNT: 1234-5678-9012",
		"SecretArn: " + arn("secretsmanager:eu-west-1:ACCOUNT:secret:fleet/database-"+m.alnum(6)),
		"KeyArn: " + arn("kms:eu-west-1:ACCOUNT:key/"+m.uuid()), "KMSMasterKeyID: " + m.uuid(), "KmsKeyId: " + m.uuid(), "kms_key_id = \"" + m.uuid() + "\"",
		"kms_master_key_id = \"" + arn("kms:eu-west-1:ACCOUNT:key/mrk-"+m.hex(32)) + "\"", "KeyId: mrk-" + m.hex(32), "TargetKeyId: alias/fleet-artifacts",
		"TokenSigningCertificate: " + arn("acm:eu-west-1:ACCOUNT:certificate/"+m.uuid()),
		"RoleArn: " + arn("iam::ACCOUNT:role/fleet/deploy-access-key-rotation"), "PermissionSetArn: " + arn("sso:::permissionSet/ssoins-"+m.hex(16)+"/ps-"+m.hex(16)),
		"InstanceProfileId: AIPA" + "EXAMPLEEXAMPLE12", "RoleId: ou-" + m.lower(4) + "-" + m.lower(8), "ImageId: ami-" + m.hex(17), "SubnetIds: [subnet-" + m.hex(17) + ", subnet-" + m.hex(17) + "]",
		"VersionId: " + m.alnum(32), "  x-amz-request-id: " + m.upper(16), "TraceId: 1-" + m.hex(8) + "-" + m.hex(24), "UserPoolClientId: " + m.lower(26), "UserPoolId: eu-west-1_" + m.alnum(9),
		"HostedZoneId: Z" + m.upper(20), "DistributionId: E" + m.upper(13), "DatabaseIdentifier: fleet-database-key-" + m.hex(8), "client_id: " + m.uuid(), "tenant_id = \"" + m.uuid() + "\"",
		"idempotency_token: " + m.uuid(), "ClientRequestToken: " + m.uuid(), "ClientToken: fleet-" + m.uuid(), "correlationId: " + m.uuid(), "x-request-id: " + m.uuid(),
	}
}

func digestTexts(m maker) []string {
	return []string{
		"sha256: " + m.hex(64), "digest: sha256:" + m.hex(64), "image: public.ecr.aws/acme/fleet@sha256:" + m.hex(64), "commit: " + m.hex(40), "etag: \"" + m.hex(32) + "\"",
		"ETag: " + m.hex(32) + "-4", "sha512: " + m.hex(128), "key: " + m.hex(64) + ".zip", "  \"objectKey\": \"" + m.hex(64) + ".json\",", "S3Key: assets/" + m.hex(64) + ".zip",
		`"` + m.hex(64) + `": {"displayName": "Code", "source": {"path": "asset.` + m.hex(64) + `", "packaging": "zip"}}`, "TemplateDigest: " + m.hex(64), "md5 = \"" + m.hex(32) + "\"",
		"fatal: bad object " + m.hex(40), "uses: actions/checkout@" + m.hex(40), "FROM golang@sha256:" + m.hex(64), "thumbprint_list = [\"" + m.hex(40) + "\"]", "ThumbprintList: [" + m.hex(40) + "]",
		"asset-key-hash: " + m.hex(64), "cache_key: node-modules-" + m.hex(64), "key: ${{ runner.os }}-go-" + m.hex(64), "fingerprint: SHA256:" + m.alnum(43),
		"KeyFingerprint: " + strings.TrimSuffix(strings.Repeat("a3:", 20), ":"), "gitlink " + m.hex(40) + " keys", "CodeSha256: " + m.base64(32), "content-md5: " + m.base64(16),
	}
}

// documentation are the values that manuals show.
func documentation(m maker) []string {
	return []string{
		"aws_access_key_id = " + documented[0], "aws_secret_access_key = " + documented[1], "AKIAI44QH8DHB" + "EXAMPLE", "aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/" + "h3yCo8nvbEXAMPLEKEY",
		"ASIAIOSFODNN7" + "EXAMPLE", "export API_KEY=your-api-key-here", "password: changeme", "DB_PASSWORD=password", "token = <your-token>", "TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"api_key: \"REPLACE_ME\"", "secret: \"****************\"", "password = \"<enter-a-password>\"", "MYSQL_PASSWORD=example", "SLACK_TOKEN=xoxb-your-token-here", "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"postgres://user:password@localhost:5432/db", "https://user:password@example.com/", "mysql://USER:PASSWORD@HOST/DATABASE", "redis://:password@localhost:6379", "curl -u username:password https://example.com",
		"Authorization: Bearer <token>", "Authorization: Basic dXNlcjpwYXNzd29yZA" + "==", "-----BEGIN RSA PRIVATE " + "KEY-----\n...\n-----END RSA PRIVATE " + "KEY-----", "OPENAI_API_KEY=sk-...", "api_key=12345678901234567890",
		"MasterUserPassword: CHANGE_ME_BEFORE_USE", "password: dummy-password", "--api-key YOUR_API_KEY", "STRIPE_KEY=sk_test_your_key_here", "TEST_TOKEN=00000000-0000-0000-0000-000000000000", "AWS_ACCESS_KEY_ID=testing\nAWS_SECRET_ACCESS_KEY=testing",
		"x-api-key: abcdefghijklmnopqrstuvwxyz", "password: 'my-secret-password'", "  The token is valid for 3600 seconds; the password must have 14 characters.",
	}
}

func publicKeys(m maker) []string {
	certificate := "-----BEGIN CERTIFICATE-----\n" + m.block(14, "") + "-----END CERTIFICATE-----"
	return []string{
		"ssh-rsa AAAAB3NzaC1yc2E" + m.base64(270) + " deploy@fleet", "PublicKeyMaterial: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + m.base64(30) + " ops", "-----BEGIN PUBLIC KEY-----\n" + m.block(6, "") + "-----END PUBLIC KEY-----",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + m.block(8, "") + "-----END PGP PUBLIC KEY BLOCK-----", certificate, "Certificate: |\n  " + strings.ReplaceAll(certificate, "\n", "\n  "), "-----BEGIN PGP SIGNATURE-----\n\n" + m.block(5, "") + "-----END PGP SIGNATURE-----",
		"gitlab.example.com ssh-rsa AAAAB3NzaC1yc2E" + m.base64(200), "-----BEGIN CERTIFICATE REQUEST-----\n" + m.block(8, "") + "-----END CERTIFICATE REQUEST-----", "age1" + m.of("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58),
		"[Peer]\nPublicKey = " + m.base64(32), "certificate-authority-data: " + m.base64(500), "publicKey: " + m.base64(32), "public_key = \"" + m.base64(91) + "\"", "minisign public key: RW" + m.base64(40),
	}
}

func lockFiles(m maker) []string {
	return []string{
		"github.com/golang-jwt/jwt v3.2.2+incompatible h1:" + m.alnum(43) + "=\ngithub.com/golang-jwt/jwt v3.2.2+incompatible/go.mod h1:" + m.alnum(43) + "=", "    \"node_modules/api-key\": {\n      \"version\": \"1.0.0\",\n      \"integrity\": \"sha512-" + m.base64(64) + "\"\n    }",
		"secretstorage==3.3.3 \\\n    --hash=sha256:" + m.hex(64) + " \\\n    --hash=sha256:" + m.hex(64), "\"auth-token@^1.0.0\":\n  version \"1.0.1\"\n  resolved \"https://registry.yarnpkg.com/auth-token/-/auth-token-1.0.1.tgz#" + m.hex(40) + "\"\n  integrity sha512-" + m.base64(64),
		"[[package]]\nname = \"keyring\"\nversion = \"25.0\"\nfiles = [\n    {file = \"keyring-25.0.tar.gz\", hash = \"sha256:" + m.hex(64) + "\"},\n]", "[[package]]\nname = \"secrecy\"\nversion = \"0.8.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"" + m.hex(64) + "\"",
		"  /passport@0.6.0:\n    resolution: {integrity: sha512-" + m.base64(64) + "}", "            \"reference\": \"" + m.hex(40) + "\",\n            \"shasum\": \"" + m.hex(40) + "\"", "provider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.0.0\"\n  hashes = [\n    \"h1:" + m.base64(32) + "\",\n    \"zh:" + m.hex(64) + "\",\n  ]\n}",
		"      \"keytar\": {\n        \"hashes\": [\n          \"sha256:" + m.hex(64) + "\"\n        ]", "\"Keyring.Token\": {\n  \"type\": \"Direct\",\n  \"resolved\": \"1.0.0\",\n  \"contentHash\": \"" + m.base64(64) + "\"\n}", "KeychainAccess: " + m.hex(40) + "\nSPEC CHECKSUMS:\n  AuthToken: " + m.hex(40),
		"distributionSha256Sum=" + m.hex(64), "<script src=\"/key.js\" integrity=\"sha384-" + m.base64(48) + "\" crossorigin=\"anonymous\"></script>", "x-token = {git = \"https://github.com/acme/x-token\", rev = \"" + m.hex(40) + "\"}",
	}
}

// placeholders stand where a secret will be filled in.
func placeholders() []string {
	return []string{
		"MasterUserPassword: !Ref DbPassword", "MasterUserPassword: !Sub '${DbPassword}'", `"MasterUserPassword": {"Ref": "DatabasePassword"}`, "MasterUserPassword: '{{resolve:secretsmanager:fleet/database:SecretString:password}}'",
		"Password: '{{resolve:ssm-secure:/fleet/database/password:1}}'", `"Password": {"Fn::Sub": "${AdminPassword1}"}`, "Token: !GetAtt Function1.SecretToken2", "AuthToken: !If [HasToken1, !Ref Token1, !Ref 'AWS::NoValue']", "ApiKey: !ImportValue fleet-api-key-v2",
		"AdminPassword: !FindInMap [Defaults, Test1, Password]", "password = var.db_password_2", "password = random_password.db1.result", "secret_key = data.aws_secretsmanager_secret_version.db2.secret_string", "token = local.api_token_v2",
		"password: ${{ secrets.DB_PASSWORD_2 }}", "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}", "DB_PASSWORD=${DB_PASSWORD_2:?missing}", "export TOKEN=\"$(aws secretsmanager get-secret-value --secret-id a --query SecretString --output text)\"", "password: {{ .Values.db1.password }}",
		"db_password: \"{{ vault_db_password_2 }}\"", "password: \"{{ lookup('env', 'DB_PASSWORD2') }}\"", "PASSWORD=%DB_PASSWORD_2%", "api_key: @@API_KEY_2@@", "password = <%= ENV['DB_PASSWORD2'] %>", "spring.datasource.password=${DB_PASSWORD_2}",
		"postgres://fleet:${DB_PASSWORD}@db.internal/fleet", "https://$USER:$TOKEN2@github.com/acme/fleet.git", "https://x-access-token:${GITHUB_TOKEN_2}@github.com/acme/fleet", "curl -u \"$USER2:$PASSWORD2\" https://api.acme.io", "curl -H \"Authorization: Bearer $TOKEN2\" https://api.acme.io",
		"mysql -u root -p\"$MYSQL_PASSWORD2\" app", "docker login -u acme -p \"${REGISTRY_PASSWORD_2}\"", "value: $(DB_PASSWORD_2)", "password: env:DB_PASSWORD_2", "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db-secret-1\n      key: password-1",
		"Default: '{{resolve:ssm:/fleet/token/v2}}'", "passwd: $6$rounds=" + "{{ rounds2 }}", "mongodb+srv://<username>:<password1>@cluster0.mongodb.net", "jdbc:mysql://db/app?user=${USER1}&password=${PASSWORD1}", "Server=db;Password=#{DatabasePassword2}#;",
		"{\"ParameterKey\": \"DbPassword\", \"UsePreviousValue\": true}", "ParameterKey=DbPassword,ParameterValue=${DB_PASSWORD_2}", "client-secret: projects/acme/secrets/oauth-client2/versions/latest", "password: op://vault1/database2/password", "password: vault:secret/data/db2#password",
	}
}

// references name a secret without being one.
func references(m maker) []string {
	return []string{
		"SecretName: fleet/database/password-v2", "SecretId: prod/db2/master-password", "secret-id: " + "/fleet/api-token-2", "PasswordParameter: /fleet/test2/db/password", "passwordSecretRef: {name: db-secret2, key: password2}", "existingSecret: fleet-db-credentials-v2",
		"KeyPairName: fleet-bastion-key-2026", "key_name = \"bastion-key-2026\"", "KeyName: deploy-key-2", "ssh -i ~/.ssh/deploy_key_2 ec2-user@10.0.0.5", "key_file: /etc/ssl/private/server-key-2.pem", "password_file: /run/secrets/db_password_2",
		"POSTGRES_PASSWORD_FILE=/run/secrets/postgres2", "token_url: https://auth.acme.io/oauth2/token", "TokenEndpoint: https://login.microsoftonline.com/" + m.uuid() + "/oauth2/v2.0/token", "SSECustomerKeyAlgorithm: AES256", "s3://fleet-artifacts/keys/access-key-report-2026-11-24.csv", "Key: catalog/access-keys-rotated/1.2.3/template-v2.yaml",
		"git@github.com:acme/token-service2.git", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html", "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64", "kms:EncryptionContext:SecretARN", "credential_source = Ec2InstanceMetadata",
		"credsStore: ecr-login2", "partition_key = \"tenant_id2\"", "PrimaryKey: [account_id2, region2]", "KeySchema: [{AttributeName: token_id2, KeyType: HASH}]", "foreign_key: accounts2.access_id", "ForeignKey('auth_user2.id')",
	}
}

func codeTexts() []string {
	return []string{
		"password := os.Getenv(\"DB_PASSWORD2\")", "token = os.environ['API_TOKEN_2']", "const apiKey = process.env.API_KEY_2;", "String password = System.getenv(\"DB_PASSWORD2\");", "password = getpass.getpass('Password 2: ')", "def reset_password(token: str, new_password2: str) -> None:",
		"token = self.client2.get_token()", "next_token = response2.get('NextToken')", "NextToken: response2.NextToken,", "if password != confirm_password2:", "api_key = config2['api']['key']", "secret = client2.get_secret_value(SecretId=name)['SecretString']",
		"passwordHash := bcrypt2.GenerateFromPassword(p, 12)", "Token token = tokenizer2.nextToken();", "auth = (USERNAME2, PASSWORD2)", "headers = {'Authorization': f'Bearer {token2}'}", "access_key = credentials2.access_key", "assert.Equal(t, key2, other.key2)",
		"keys = sorted(set(table2.keys()))", "password.addEventListener('keyup2', onKey);", "type PasswordPolicy2 struct {", "for key2, value := range settings {", "passphrase = await prompt2({silent: true})", "private_key = load_pem_private_key(data2, password=None)",
		"key := fmt.Sprintf(\"%s/%s/%d\", prefix2, name, id)", "password: z.string().min(12),", "password = generate_password2(length=32)", "SecretKeySpec key = new SecretKeySpec2(bytes, \"AES\");", "const csrfToken = document.querySelector('meta[name=csrf2]').content;", "passwords2 = [line.strip() for line in file]",
	}
}

func settingTexts() []string {
	return []string{
		"MinimumPasswordLength: 14", "PasswordReusePrevention: 24", "MaxPasswordAge: 90", "minimum_password_length = 14", "AccessTokenValidity: 3600", "token_ttl: 86400s", "EnableKeyRotation: true", "PasswordPolicy: {RequireSymbols: true, MinimumLength: 16}", "KeySpec: RSA_2048", "KeyUsage: ENCRYPT_DECRYPT",
		"HttpTokens: required", "auth: aws4-hmac-sha256", "password_encryption = scram-sha-256", "AllowedPattern: '^[a-zA-Z0-9!@#$%^&*]{12,41}$'", "ConstraintDescription: The password must have 12 to 41 characters", "Description: Password of the master user, 12 characters or more", "password: Passwort vergessen? Hier klicken.",
		"label.password=Enter your password (min. 8 characters)", "GenerateSecretString: {SecretStringTemplate: '{\"username\": \"fleet1\"}', GenerateStringKey: password, PasswordLength: 32}", "ManageMasterUserPassword: true", "IAMDatabaseAuthentication: true", "AuthenticationType: AWS_IAM", "keyboard-layout: de-latin1-nodeadkeys", "monkey_patch: v1.2.3-alpha4", "author = \"platform-team-2026\"",
		"key: value1", "Metadata:\n  cfn-lint: {config: {ignore_checks: [W1011]}}", "Rule: NoSecretsInParameters2026", "check: IAM_USER_UNUSED_CREDENTIALS_CHECK", "ConfigRuleName: access-keys-rotated-90-days", "SourceIdentifier: ACCESS_KEYS_ROTATED", "secretsmanager:GetSecretValue", "Action: [iam:CreateAccessKey, iam:UpdateLoginProfile]",
	}
}

func dataTexts(m maker) []string {
	return []string{
		"<img src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA" + m.base64(600) + "\">", "background: url(data:font/woff2;base64,d09GMgABAAAAA" + m.base64(400) + ");", "//# sourceMappingURL=data:application/json;base64," + strings.TrimRight(m.base64(90), "="), "icon: data:image/svg+xml;base64,PHN2ZyB4bWxucz0i" + m.base64(240),
		"colors: [\"#a1b2c3\", \"#d4e5f6\"]", "translation_key: page.login.title.v2", fmt.Sprintf("timestamp: 17%s", m.digits(8)), "phone: +49 30 " + m.digits(8), "IBAN: DE" + m.digits(20), "2026-11-24T10:00:00Z INFO auth token refreshed for session2 in 35ms", "ipv6: 2001:db8:" + m.hex(4) + ":" + m.hex(4) + "::1",
		"mac_address = 0a:1b:2c:3d:4e:5f", "version = 1.2.3-beta.4+build." + m.digits(8), "checksum key length: 256", "\"text\": \"" + m.base64(60) + "\"", "licence: Apache-2.0, copyright 2026 Token Works", "uuid: " + m.uuid(), "KeyMaterialRotation2026: " + "disabled",
	}
}
