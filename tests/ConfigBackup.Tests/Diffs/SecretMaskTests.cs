using StellaOps.Backup.ConfigBackup.Diffs;

namespace StellaOps.Backup.ConfigBackup.Tests.Diffs;

public sealed class SecretMaskTests
{
    private const string Planted = "hunter2hunter2";

    [Theory]
    [InlineData($"DB_PASSWORD={Planted}", "DB_PASSWORD=(masked)")]
    [InlineData($"  \"ClientSecret\": \"{Planted}\",", "  \"ClientSecret\": (masked)")]
    [InlineData($"Host=db;Username=app;Password={Planted};Timeout=5", "Host=db;Username=app;Password=(masked)")]
    [InlineData($"api-key : {Planted}", "api-key : (masked)")]
    [InlineData($"url: amqps://app:{Planted}@broker/", "url: amqps://(masked)@broker/")]
    [InlineData($"<password>{Planted}</password>", "<password>(masked)</password>")]
    [InlineData($"Authorization: Bearer {Planted}abcdef", "Authorization: (masked)")]
    [InlineData($"Authorization: Basic {Planted}", "Authorization: (masked)")]
    [InlineData($"SMTP_PASS={Planted}", "SMTP_PASS=(masked)")]
    [InlineData($"RABBITMQ_DEFAULT_PASS: {Planted}", "RABBITMQ_DEFAULT_PASS: (masked)")]
    [InlineData($"storage_key: {Planted}", "storage_key: (masked)")]
    [InlineData($"<pass>{Planted}</pass>", "<pass>(masked)</pass>")]
    [InlineData($"url: amqp://user:pl/{Planted}@broker/", "url: amqp://(masked)@broker/")]
    [InlineData($"https://x.blob.core.windows.net/c/b?sv=2024-01-01&sig={Planted}%3D&se=2026", "https://x.blob.core.windows.net/c/b?sv=2024-01-01&sig=(masked)&se=2026")]
    [InlineData($"https://b.s3.example/k?X-Amz-Expires=60&X-Amz-Signature={Planted}", "https://b.s3.example/k?X-Amz-Expires=60&X-Amz-Signature=(masked)")]
    [InlineData("key = AGE-SECRET-KEY-1QQPQQ", "key = (masked)")]
    [InlineData($"--token={Planted}\\", "--token=(masked)")]
    [InlineData($$$"""{"Auth":{"tokenLifetimeSeconds":3600,"clientSecret":"{{{Planted}}}"},"Db":{"Password":"{{{Planted}}}"}}""", """{"Auth":{"tokenLifetimeSeconds":3600,"clientSecret":(masked)""")]
    [InlineData($$$"""{"useSecrets":true,"token":null,"Db":{"Password":"{{{Planted}}}"}}""", """{"useSecrets":true,"token":null,"Db":{"Password":(masked)""")]
    [InlineData($$$"""SETTINGS="{\"Db\":{\"Password\":\"{{{Planted}}}\"}}" """, """SETTINGS="{\"Db\":{\"Password\":(masked)""")]
    [InlineData($$$"""oauth: { tokenUrl: https://idp/token, clientSecret: {{{Planted}}} }""", "oauth: { tokenUrl: https://idp/token, clientSecret: (masked)")]
    [InlineData($"tokenUrl: https://idp/token?client_secret={Planted}", "tokenUrl: https://idp/token?client_secret=(masked)")]
    [InlineData($"ConnectionStrings__Main=Host=db;PasswordFile=/x;Password={Planted}", "ConnectionStrings__Main=Host=db;PasswordFile=/x;Password=(masked)")]
    [InlineData($"Host=db;Password=;AccountKey={Planted}", "Host=db;Password=;AccountKey=(masked)")]
    [InlineData($"ENV PGPASSWORD=${{PW}} API_KEY={Planted}", "ENV PGPASSWORD=${PW} API_KEY=(masked)")]
    [InlineData($"password: ${{DB_PASSWORD:-{Planted}}}", "password: (masked)")]
    [InlineData($"password: ${{SALT}}{Planted}", "password: (masked)")]
    [InlineData($"password: ${{OTHER:{Planted}}}", "password: (masked)")]
    [InlineData($"password: '&{Planted}'", "password: (masked)")]
    [InlineData($"PASSWORD=#{Planted}", "PASSWORD=(masked)")]
    [InlineData($"PASSWORD=;{Planted}", "PASSWORD=(masked)")]
    [InlineData($"PASSWORD=trueno{Planted}", "PASSWORD=(masked)")]
    [InlineData($"password: true {Planted}", "password: (masked)")]
    [InlineData($"secrets: {{ db: {Planted} }}", "secrets: (masked)")]
    [InlineData($"tokens: [ {Planted} ]", "tokens: (masked)")]
    [InlineData($"cache: redis://:{Planted}@cache/0", "cache: redis://(masked)@cache/0")]
    [InlineData($"\"signer\": \"-----BEGIN PRIVATE KEY-----\\n{Planted}\\n-----END PRIVATE KEY-----\\n\",", "\"signer\": \"-----BEGIN PRIVATE KEY-----(masked)-----END PRIVATE KEY-----\\n\",")]
    [InlineData($"-----BEGIN PRIVATE KEY-----{Planted}", "-----BEGIN PRIVATE KEY-----(masked)")]
    [InlineData($"  auth_pass {Planted}", "  auth_pass (masked)")]
    [InlineData($"password {Planted}", "password (masked)")]
    [InlineData($"bindpw\t{Planted}", "bindpw\t(masked)")]
    [InlineData($"requirepass {Planted}", "requirepass (masked)")]
    [InlineData($"proxy_password \"{Planted}\";", "proxy_password (masked)")]
    [InlineData($"proxy_set_header Authorization \"Basic {Planted}\";", "proxy_set_header Authorization (masked)")]
    [InlineData($"Header always set X-Api-Key {Planted}", "Header always set X-Api-Key (masked)")]
    [InlineData($"http-request set-header Authorization \"Basic {Planted}\"", "http-request set-header Authorization (masked)")]
    [InlineData($"ENV DB_PASSWORD {Planted}", "ENV DB_PASSWORD (masked)")]
    [InlineData($"user app insecure-password {Planted}", "user app insecure-password (masked)")]
    [InlineData($"machine example.org login app password {Planted}", "machine example.org login app password (masked)")]
    [InlineData($"ExecStart=/usr/bin/app --db-password {Planted} --level 3", "ExecStart=/usr/bin/app --db-password (masked)")]
    public void What_looks_like_a_secret_is_taken_out(string line, string masked) => Assert.Equal([masked], SecretMask.Mask([line]));

    [Theory]
    [InlineData("clientSecret:|  PLANTED|level: info", "clientSecret:|  (masked)|level: info")]
    [InlineData("clientSecret: # of the portal|  PLANTED", "clientSecret: (masked)|  (masked)")]
    [InlineData("\"password\":|  \"PLANTED\",|\"level\": 3", "\"password\":|  (masked)|\"level\": 3")]
    [InlineData("tokens:|- PLANTED|- PLANTED=|level: info", "tokens:|(masked)|(masked)|level: info")]
    [InlineData("  \"tokens\": [|    \"PLANTED\"|  ],|  \"level\": 3", "  \"tokens\": [|    (masked)|  ],|  \"level\": 3")]
    [InlineData("secrets:|  provider: vault|  clientSecret:|    PLANTED|  path: /run", "secrets:|  provider: vault|  clientSecret:|    (masked)|  path: /run")]
    [InlineData("- name: DB_PASSWORD|  value: PLANTED|- name: LEVEL|  value: info", "- name: DB_PASSWORD|  value: (masked)|- name: LEVEL|  value: info")]
    [InlineData("- name: DB_PASSWORD|  valueFrom:|    key: x|- value: info", "- name: DB_PASSWORD|  valueFrom:|    key: x|- value: info")]
    [InlineData("- name: DB_PASSWORD|  value: ${DB_PASSWORD}", "- name: DB_PASSWORD|  value: ${DB_PASSWORD}")]
    [InlineData("{\"Name\":\"DB_PASSWORD\",\"Value\":\"PLANTED\"}", "{\"Name\":\"DB_PASSWORD\",\"Value\":(masked)")]
    [InlineData("<add key=\"DbPassword\" value=\"PLANTED\" />", "<add key=\"DbPassword\" value=(masked)")]
    [InlineData("client_secret = \"\"\"|PLANTED|PLANTED\"\"\"|level = 3", "client_secret = (masked)|(masked)|(masked)|level = 3")]
    [InlineData("client_secret = '''PLANTED|PLANTED|'''|level = 3", "client_secret = (masked)|(masked)|(masked)|level = 3")]
    [InlineData("DB_PASSWORD=\\|PLANTED|LEVEL=info", "DB_PASSWORD=(masked)|(masked)|LEVEL=info")]
    [InlineData("password: \"abc|  PLANTED\"|level: info", "password: (masked)|  (masked)|level: info")]
    [InlineData("<password>|  PLANTED|</password>|<level>3</level>", "<password>|  (masked)|(masked)|<level>3</level>")]
    [InlineData("<pass>|  PLANTED|</pass>|<level>3</level>", "<pass>|  (masked)|(masked)|<level>3</level>")]
    [InlineData("smtp_pass: >-|  PLANTED|level: info", "smtp_pass: >-|  (masked)|level: info")]
    [InlineData("db_pwd: >-|  PLANTED|level: info", "db_pwd: >-|  (masked)|level: info")]
    [InlineData("\"Main\": \"Host=db;Password=\"|\"Level\": 3", "\"Main\": \"Host=db;Password=\"|\"Level\": 3")]
    [InlineData("passwordFile:|  /etc/stella/password", "passwordFile:|  /etc/stella/password")]
    [InlineData("secrets:|  provider: vault|  options:|    retries: 3", "secrets:|  provider: vault|  options:|    retries: 3")]
    public void A_value_on_the_lines_below_its_name_is_taken_out(string lines, string masked) => Assert.Equal(
        masked.Split('|'), SecretMask.Mask(lines.Replace("PLANTED", Planted, StringComparison.Ordinal).Split('|')));

    [Theory]
    [InlineData("RepositoryPasswordFile: /etc/stella/password")]
    [InlineData("password: ${DB_PASSWORD}")]
    [InlineData("tokenLifetimeSeconds: 3600")]
    [InlineData("useSecrets: true")]
    [InlineData("- API_KEY=${API_KEY:-}")]
    [InlineData("PASSWORD=${PW:?must be set}")]
    [InlineData("token: ${{ secrets.TOKEN }}")]
    [InlineData("<add token=\"${TOKEN}\" />")]
    [InlineData("\"Main\": \"Host=db;Password=\"")]
    [InlineData("useSecrets: true # of the platform")]
    [InlineData("ENV USE_TOKEN=true LEVEL=info")]
    [InlineData("""{"password":"${DB_PASSWORD}","token":"","secrets":{},"level":"info"}""")]
    [InlineData("oauth: { tokenUrl: https://idp/token, clientSecret: $(cat /run/secret), scope: all }")]
    [InlineData("secrets: {")]
    [InlineData("clientSecret: >-")]
    [InlineData("-----BEGIN CERTIFICATE-----")]
    [InlineData("bypass: yes1")]
    [InlineData("passthrough=on2")]
    [InlineData("image: oci://registry.example:5000/app@sha256:0f1e2d3c")]
    [InlineData("endpoint: https://registry.example:5000/v2?design=flat")]
    [InlineData("proxy_pass http://backend:8080;")]
    [InlineData("fastcgi_pass_header Authorization;")]
    [InlineData("PasswordAuthentication no")]
    [InlineData("server_tokens off;")]
    [InlineData("auth_pass ${VRRP_PASSWORD}")]
    [InlineData("password required pam_unix.so")]
    [InlineData("ssl_password_file /etc/nginx/passwords")]
    [InlineData("app --token-file /run/token --level 3")]
    [InlineData("replicas: 3")]
    [InlineData("")]
    public void What_is_none_stays(string line) => Assert.Equal([line], SecretMask.Mask([line]));

    [Fact]
    public void A_private_key_and_a_block_of_yaml_are_taken_out_line_by_line()
    {
        string[] lines =
        [
            "tls:", "  cert: |", "    public", "  clientSecret: |", $"    {Planted}", "", $"    {Planted}", "  port: 5",
            "-----BEGIN EC PRIVATE KEY-----", Planted, Planted, "-----END EC PRIVATE KEY-----", "after",
        ];

        var masked = SecretMask.Mask(lines);

        Assert.Equal(
            [
                "tls:", "  cert: |", "    public", "  clientSecret: |", "    (masked)", "", "    (masked)", "  port: 5",
                "-----BEGIN EC PRIVATE KEY-----", "(masked)", "(masked)", "-----END EC PRIVATE KEY-----", "after",
            ],
            masked);
    }

    [Fact]
    public void What_stands_beside_the_edges_of_a_private_key_is_taken_out_and_what_follows_it_is_read()
    {
        string[] lines =
        [
            $"a: \"-----BEGIN PGP PRIVATE KEY BLOCK-----\\n{Planted}", $"  {Planted}", "",
            $"  {Planted}-----END PGP PRIVATE KEY BLOCK-----\", password: {Planted}", "after",
        ];

        Assert.Equal(
            [
                "a: \"-----BEGIN PGP PRIVATE KEY BLOCK-----(masked)", "  (masked)", "",
                "  (masked)-----END PGP PRIVATE KEY BLOCK-----\", password: (masked)", "after",
            ],
            SecretMask.Mask(lines));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("token")]
    [InlineData("token=${")]
    [InlineData("tokenUrl:${a} ")]
    [InlineData("a.")]
    [InlineData("eyJa-")]
    [InlineData("a://x:")]
    [InlineData("a://x:y/")]
    [InlineData("&sig=")]
    [InlineData("password ")]
    [InlineData("password no ")]
    [InlineData("user secret ")]
    [InlineData("set ")]
    [InlineData("header")]
    [InlineData("header ")]
    [InlineData("--token ")]
    [InlineData(" ")]
    public void A_line_of_a_megabyte_comes_to_an_end(string part)
    {
        // With a pattern that looks at the rest of the line from each of its places, this takes hours, and the limit of the run ends it.
        var line = string.Concat(Enumerable.Repeat(part, (1 << 20) / part.Length));
        Assert.Single(SecretMask.Mask([line]));
    }

    [Theory]
    [InlineData("/etc/stella/.pgpass")]
    [InlineData("/root/.netrc")]
    [InlineData("/etc/nginx/htpasswd.conf")]
    public void In_files_of_passwords_every_line_is_one(string path) =>
        Assert.Equal(["(masked)", "", "  (masked)"], SecretMask.Mask([$"db:5432:*:app:{Planted}", "", $"  app:{Planted}"], path));

    [Fact]
    public void That_a_secret_changed_is_shown_and_not_to_what_also_without_a_line_feed_at_the_end() =>
        Assert.Equal(
            "@@ -1,2 +1,2 @@\n a: 1\n-password: (masked)\n\\ No newline at end of file\n+password: (masked)\n\\ No newline at end of file\n",
            UnifiedDiff.Of($"a: 1\npassword: {Planted}", $"a: 1\npassword: {Planted}-new"));
}
