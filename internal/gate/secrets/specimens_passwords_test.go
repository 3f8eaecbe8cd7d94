package secrets

import "encoding/base64"

// keyKinds are keys that fill many lines, or the text of a file.
func keyKinds() []kind {
	pem := func(name string, lines int, indent string) func(maker) string {
		return func(m maker) string {
			return "-----BEGIN " + name + "PRIVATE " + "KEY-----\n" + m.block(lines, indent) + indent + "-----END " + name + "PRIVATE " + "KEY-----\n"
		}
	}
	return []kind{
		{"RSA private key", pem("RSA ", 12, ""), []string{"§", "# the key of the bastion\n§\n"}},
		{"RSA private key in YAML", pem("RSA ", 12, "      "), []string{"tls:\n    key: |\n      §", "      PrivateKey: !Sub |\n      §"}},
		{"OpenSSH private key", pem("OPENSSH ", 6, ""), []string{"§", "cat > ~/.ssh/id_ed25519 <<'X'\n§X\n"}},
		{"EC private key", pem("EC ", 3, ""), []string{"§", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n§"}},
		{"PKCS 8 private key", pem("", 14, ""), []string{"§"}},
		{"encrypted private key", pem("ENCRYPTED ", 14, ""), []string{"§"}},
		{"PGP private key", func(m maker) string {
			return "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\n\n" + m.block(10, "") + "-----END PGP " + "PRIVATE KEY BLOCK-----\n"
		}, []string{"§", "gpg --import <<X\n§X\n"}},
		{"PuTTY key", func(m maker) string {
			return "Private-Lines: 8\n" + m.block(8, "") + "Private-MAC: " + m.hex(40) + "\n"
		}, []string{
			"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: imported\nPublic-Lines: 1\nAAAAB3NzaC1yc2EAAAABJQAAAQEAhNhm\n§"}},
		{"age key", prefixed("AGE-SECRET-KEY-1", func(m maker, n int) string { return m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", n) }, 58), []string{"# created: 2026\n§\n", "SOPS_AGE_KEY=§\n"}},
		{"WireGuard key", func(m maker) string { return m.base64(32) }, []string{"[Interface]\nAddress = 10.0.0.1/24\nPrivateKey = §\n"}},
		{"kubeconfig token", maker.jwt, []string{"users:\n- name: admin\n  user:\n    token: §\n"}},
		{"kubeconfig key", func(m maker) string {
			return base64.StdEncoding.EncodeToString([]byte("-----BEGIN RSA PRIVATE " + "KEY-----\n" + m.block(10, "") + "-----END RSA PRIVATE " + "KEY-----\n"))
		}, []string{"users:\n- name: admin\n  user:\n    client-key-data: §\n"}},
		{"Kubernetes secret", func(m maker) string { return base64.StdEncoding.EncodeToString([]byte(m.password())) }, []string{
			"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  password: §\n"}},
	}
}

// passwordKinds are values that only their surroundings give away.
func passwordKinds() []kind {
	return []kind{
		{"database password", maker.password, []string{
			"MasterUserPassword: §\n", "        MasterUserPassword: \"§\"\n", "DB_PASSWORD=§\n", "export PGPASSWORD='§'\n",
			`  "password": "§",` + "\n", "resource \"aws_db_instance\" \"a\" {\n  password = \"§\"\n}\n", "db_password: §\n", "spring.datasource.password=§\n",
			"conn = psycopg2.connect(host='db', user='fleet', password='§')\n", "MYSQL_ROOT_PASSWORD: §\n", "<property name=\"password\" value=\"§\"/>\n",
			"  <password>§</password>\n", "var dbPassword = \"§\";\n", "password := \"§\"\n", "$password = '§';\n", "'password' => '§',\n",
			"ALTER USER fleet WITH PASSWORD '§';\n", "CREATE USER 'fleet'@'%' IDENTIFIED BY '§';\n"}},
		{"password in a CloudFormation parameter", maker.password, []string{
			"[{\"ParameterKey\": \"DbPassword\", \"ParameterValue\": \"§\"}]\n", "- ParameterKey: AdminPassword\n  ParameterValue: §\n",
			"Parameters:\n  DbPassword:\n    Type: String\n    NoEcho: true\n    Default: §\n", "  \"DbPassword\": {\n    \"Type\": \"String\",\n    \"Default\": \"§\"\n  }\n",
			"aws cloudformation deploy --template-file t.yaml --parameter-overrides DbPassword=§\n", "      LoginProfile:\n        Password: §\n"}},
		{"password in an environment list", maker.password, []string{
			"        env:\n        - name: DB_PASSWORD\n          value: §\n", `"environment": [{"name": "DB_PASSWORD", "value": "§"}]`,
			"          - Name: DB_PASSWORD\n            Value: \"§\"\n", "environment:\n  - POSTGRES_PASSWORD=§\n", "ENV ADMIN_PASSWORD=§\n", "docker run -e MYSQL_PASSWORD=§ mysql\n"}},
		{"connection address", maker.urlPassword, []string{
			"DATABASE_URL=postgres://fleet:§@db.internal:5432/fleet\n", "url: mysql://root:§@10.0.0.5/app\n", "mongodb+srv://admin:§@cluster0.ab1cd.mongodb.net/test\n",
			"REDIS_URL=redis://:§@cache.internal:6379/0\n", "amqp://worker:§@mq.internal:5672/\n", "jdbc:postgresql://db.internal/app?user=fleet&password=§\n",
			"\"Default\": \"Server=tcp:db.internal;Database=app;User Id=fleet;Password=§;Encrypt=true\"\n", "Data Source=db;User ID=sa;Pwd=§;\n"}},
		{"password in an address", maker.urlPassword, []string{
			"git remote add origin https://deploy:§@git.acme.io/fleet.git\n", "proxy: http://svc-proxy:§@proxy.acme.io:3128\n", "pip install --index-url https://ci:§@pypi.acme.io/simple fleet\n",
			"ftp://upload:§@files.acme.io/in\n"}},
		{"password on a command line", maker.password, []string{
			"curl -u admin:§ https://nexus.acme.io/repository\n", "sshpass -p '§' ssh admin@10.0.0.5\n", "mysql -h db -u root -p'§' app\n",
			"docker login -u acme -p § registry.acme.io\n", "net use z: \\\\srv\\share /user:acme\\svc §\n", "aws rds modify-db-instance --master-user-password § --apply-immediately\n",
			"echo 'root:§' | chpasswd\n"}},
		{"password in a tool's file", maker.password, []string{
			"machine api.acme.io\n  login deploy\n  password §\n", "db.internal:5432:app:fleet:§\n", "ansible_become_pass: §\n", "bind_dn_password = §\n",
			"smtp_password: \"§\"\n", "    <server><id>nexus</id><username>ci</username><password>§</password></server>\n", "keystorePassword=§\n",
			"ansible_ssh_pass=§\n", "requirepass §\n", "admin_pwd: '§'\n", "passphrase: \"§\"\n", "SNOWFLAKE_PASSWORD=§\n", "rabbitmq_default_pass: §\n"}},
		{"basic authorization", func(m maker) string { return base64.StdEncoding.EncodeToString([]byte("deploy:" + m.password())) }, []string{
			"Authorization: Basic §\n", "curl -H 'Authorization: Basic §' https://nexus.acme.io\n", "//nexus.acme.io/:_auth=§\n"}},
		{"bearer token", prefixed("", maker.alnum, 40), []string{"curl -H \"Authorization: Bearer §\" https://api.acme.io\n", "headers = {'Authorization': 'Bearer §'}\n"}},
	}
}
