using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>What can be tried of deploy/local without a server; the end-to-end tests run all of it.</summary>
public sealed class LocalScriptTests : IDisposable
{
    /// <summary>Any account that is not the one of a stack, by its number.</summary>
    private const string Nobody = "65534";

    private const string PrepareRabbitMq = """
        . "$1/lib/options.sh"; . "$1/lib/accounts.sh"; . "$1/lib/rabbitmq.sh"
        is_root() { return 1; }
        DATA=$2 SECRETS=$2/credentials
        use_ports 18400
        mkdir -p "$SECRETS"
        printf 'secret\n' >"$SECRETS/rabbitmq"
        prepare_rabbitmq
        """;

    private readonly TemporaryDirectory _home = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("stella", "backup status")]
    [InlineData("service", "start catalog")]
    [InlineData("down", "")]
    [InlineData("up", "")]
    public async Task A_stack_of_another_account_is_named_with_the_command_that_reaches_it(string script, string arguments)
    {
        // The other account has to get to the scripts and to the stack, and no further.
        File.SetUnixFileMode(_home.Path, File.GetUnixFileMode(_home.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(_home["deploy"]);
        (await Processes.RunAsync("cp", ["-r", SourceTree.PathOf("deploy/local"), _home["deploy"]], cancellationToken: Token)).Checked();
        var data = Directory.CreateDirectory(_home["data"]).FullName;
        await File.WriteAllTextAsync(_home["data", "stack"], "PORTS=18400\nOVERLAY=\n", Token);
        await File.WriteAllTextAsync(_home["data", "env"], "export STELLA_TOKEN='secret'\n", Token);
        File.SetUnixFileMode(_home["data", "stack"], UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(_home["data", "env"], UnixFileMode.None);

        string[] typed = [_home["deploy", "local", script], "--data", data, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var command = ServerAccount.Wrap(Nobody, typed);
        var refused = await Processes.RunAsync(command[0], command.Skip(1), new Dictionary<string, string?> { ["STELLA_PIDS"] = null }, cancellationToken: Token);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"error: the stack in {data} belongs to the account {Environment.UserName}\n", refused.Error, StringComparison.Ordinal);
        Assert.Contains($"next: sudo -u {Environment.UserName} {string.Join(' ', typed)}\n", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_that_was_half_made_when_the_power_failed_is_made_again()
    {
        // As initdb does, it writes PG_VERSION first.
        await WriteProgramAsync("initdb", """
            #!/bin/bash
            printf '17\n' >"$2/PG_VERSION"
            [ ! -e "${0%/*}/power-fails" ] || exit 1
            printf '# by initdb\n' >"$2/postgresql.conf"

            """);
        const string make = """
            . "$1/lib/options.sh"; . "$1/lib/accounts.sh"; . "$1/lib/postgres.sh"
            is_root() { return 1; }
            PGBIN=$2 LOGS=$2
            create_cluster "$2/cluster" 18411 "$2/password"
            """;
        await File.WriteAllTextAsync(_home["password"], "secret\n", Token);
        await File.WriteAllTextAsync(_home["power-fails"], "", Token);
        Assert.NotEqual(0, (await ShellAsync(make)).ExitCode);

        File.Delete(_home["power-fails"]);
        (await ShellAsync(make)).Checked();
        var settings = await File.ReadAllTextAsync(_home["cluster", "postgresql.conf"], Token);
        Assert.StartsWith("# by initdb\n", settings, StringComparison.Ordinal);
        Assert.Contains("\nport = 18411\n", settings, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_home["cluster.new"]));

        await File.WriteAllTextAsync(_home["cluster", "data"], "", Token);
        (await ShellAsync(make)).Checked();
        Assert.True(File.Exists(_home["cluster", "data"]), "a whole cluster was made anew");
    }

    [Fact]
    public async Task Settings_of_the_broker_stay_as_the_operator_left_them()
    {
        (await ShellAsync(PrepareRabbitMq)).Checked();
        var made = await File.ReadAllTextAsync(_home["rabbitmq", "rabbitmq.conf"], Token);
        Assert.Contains("\nprometheus.tcp.port = 18409\n", made, StringComparison.Ordinal);
        Assert.Contains("\ndefault_pass = secret\n", made, StringComparison.Ordinal);
        var cookie = await File.ReadAllTextAsync(_home["rabbitmq", "home", ".erlang.cookie"], Token);

        var own = made.Replace("512MiB", "2GiB", StringComparison.Ordinal);
        await File.WriteAllTextAsync(_home["rabbitmq", "rabbitmq.conf"], own, Token);
        await File.WriteAllTextAsync(_home["rabbitmq", "enabled_plugins"], "[rabbitmq_management, rabbitmq_shovel].\n", Token);
        (await ShellAsync(PrepareRabbitMq)).Checked();
        Assert.Equal(own, await File.ReadAllTextAsync(_home["rabbitmq", "rabbitmq.conf"], Token));
        Assert.Equal("[rabbitmq_management, rabbitmq_shovel].\n", await File.ReadAllTextAsync(_home["rabbitmq", "enabled_plugins"], Token));
        Assert.Equal(cookie, await File.ReadAllTextAsync(_home["rabbitmq", "home", ".erlang.cookie"], Token));
    }

    [Fact]
    public async Task The_broker_of_an_older_stack_gets_its_metrics_and_keeps_its_settings()
    {
        Directory.CreateDirectory(_home["rabbitmq"]);
        await File.WriteAllTextAsync(_home["rabbitmq", "rabbitmq.conf"], "vm_memory_high_watermark.absolute = 2GiB", Token);
        await File.WriteAllTextAsync(_home["rabbitmq", "enabled_plugins"], "[rabbitmq_management, rabbitmq_shovel].\n", Token);
        (await ShellAsync(PrepareRabbitMq)).Checked();
        (await ShellAsync(PrepareRabbitMq)).Checked();
        string[] settings = ["vm_memory_high_watermark.absolute = 2GiB", "prometheus.tcp.ip = 127.0.0.1", "prometheus.tcp.port = 18409"];
        Assert.Equal(settings, await File.ReadAllLinesAsync(_home["rabbitmq", "rabbitmq.conf"], Token));
        Assert.Equal("[rabbitmq_management, rabbitmq_prometheus, rabbitmq_shovel].\n", await File.ReadAllTextAsync(_home["rabbitmq", "enabled_plugins"], Token));
    }

    [Fact]
    public async Task What_root_builds_goes_to_the_owner_of_the_clone()
    {
        var result = (await ShellAsync($$"""
            . "$1/lib/options.sh"; . "$1/lib/build.sh"
            REPO=$2
            mkdir -p "$REPO/artifacts/bin" && touch "$REPO/artifacts/bin/built"
            [ "$(id -u)" != 0 ] || chown {{Nobody}}:{{Nobody}} "$REPO"
            hand_over_artifacts
            stat -c %u:%g "$REPO" "$REPO/artifacts" "$REPO/artifacts/bin/built"
            """)).Checked();
        Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct());
    }

    /// <summary>docs/own-data.md: systemd would end what is left of a start that failed, and start nothing again.</summary>
    [Theory]
    [InlineData("Type=oneshot")]
    [InlineData("KillMode=process")]
    [InlineData("Restart=on-failure")]
    [InlineData("ExecStop=/opt/stellaops-backup/deploy/local/down --data /var/lib/stella-own")]
    public void The_unit_of_a_whole_stack_leaves_what_runs_when_one_service_does_not_start(string line) =>
        Assert.Contains(line, File.ReadLines(SourceTree.PathOf("docs/own-data.md")));

    /// <summary>Runs lines of bash with deploy/local as the first argument and the directory of the test as the second.</summary>
    private Task<ProcessResult> ShellAsync(string lines) =>
        Processes.RunAsync("bash", ["-euo", "pipefail", "-c", lines, "bash", SourceTree.PathOf("deploy/local"), _home.Path], cancellationToken: Token);

    private async Task WriteProgramAsync(string name, string text)
    {
        await File.WriteAllTextAsync(_home[name], text, Token);
        File.SetUnixFileMode(_home[name], UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
