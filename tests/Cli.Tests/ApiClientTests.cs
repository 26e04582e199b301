using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Cli.Tests.Server;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

public sealed class ApiClientTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[{\"service\":")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"error\":")]
    public async Task A_server_that_falls_silent_is_not_waited_for_longer_than_the_limit_wherever_it_does(string answer)
    {
        var token = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = AnswerAsync(listener, answer, token);
        using var api = Client(new CliSettings { Server = $"http://{listener.LocalEndpoint}" });

        var failure = await Assert.ThrowsAsync<BackupException>(() =>
            api.PostAsync<IReadOnlyList<ServiceActionResult>>("/x", null, TimeSpan.FromSeconds(1), token));

        Assert.Equal(ErrorCodes.ServerUnreachable, failure.Error);
        Assert.EndsWith("did not answer within 1 seconds", failure.Message, StringComparison.Ordinal);
        (await server).Dispose();
    }

    [Fact]
    public async Task A_token_file_that_is_renewed_in_the_middle_of_a_command_is_read_again()
    {
        var token = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using var server = await RecordedServer.StartAsync(token);
        server.Play([RecordedAnswer.Parse("GET /api/v1/status 200 status-empty.json"), RecordedAnswer.Parse("GET /api/v1/status 401 error-401.json"), RecordedAnswer.Parse("GET /api/v1/status 200 status-empty.json")]);
        await File.WriteAllTextAsync(directory["token"], "first\n", token);
        using var api = Client(new CliSettings { Server = server.Address, TokenFile = directory["token"] });

        await api.GetAsync<StatusView>(Routes.Status, token);
        Assert.Equal(ErrorCodes.NotAuthenticated, (await Assert.ThrowsAsync<BackupException>(() => api.GetAsync<StatusView>(Routes.Status, token))).Error);
        await File.WriteAllTextAsync(directory["token"], "second\n", token);
        await api.GetAsync<StatusView>(Routes.Status, token);

        Assert.Equal(["Bearer first", "Bearer first", "Bearer second"], Tokens(server));
    }

    [Fact]
    public async Task The_last_token_that_was_read_is_used_while_its_file_is_empty_or_gone()
    {
        var token = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using var server = await RecordedServer.StartAsync(token);
        server.Play([RecordedAnswer.Parse("GET /api/v1/status 200 status-empty.json")]);
        await File.WriteAllTextAsync(directory["token"], "first\n", token);
        using var api = Client(new CliSettings { Server = server.Address, TokenFile = directory["token"] });

        await api.GetAsync<StatusView>(Routes.Status, token);
        await File.WriteAllTextAsync(directory["token"], "", token);
        await api.GetAsync<StatusView>(Routes.Status, token);
        File.Delete(directory["token"]);
        await api.GetAsync<StatusView>(Routes.Status, token);
        await File.WriteAllTextAsync(directory["token"], "second\n", token);
        await api.GetAsync<StatusView>(Routes.Status, token);

        Assert.Equal(["Bearer first", "Bearer first", "Bearer first", "Bearer second"], Tokens(server));
    }

    [Fact]
    public async Task A_token_from_a_pipe_is_used_for_all_requests()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await RecordedServer.StartAsync(token);
        server.Play([RecordedAnswer.Parse("GET /api/v1/status 200 status-empty.json")]);
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        await using (var writer = new AnonymousPipeClientStream(PipeDirection.Out, pipe.ClientSafePipeHandle))
        {
            await writer.WriteAsync(Encoding.ASCII.GetBytes("first\n"), token);
        }

        using var api = Client(new CliSettings { Server = server.Address, TokenFile = $"/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}" });
        await api.GetAsync<StatusView>(Routes.Status, token);
        await api.GetAsync<StatusView>(Routes.Status, token);

        Assert.Equal(["Bearer first", "Bearer first"], Tokens(server));
    }

    private static ApiClient Client(CliSettings settings) => new(settings, new BearerToken(settings), TimeProvider.System);

    private static IEnumerable<string> Tokens(RecordedServer server) => server.Requests.Select(request => request.Replace("GET /api/v1/status ", "", StringComparison.Ordinal));

    private static async Task<Socket> AnswerAsync(TcpListener listener, string answer, CancellationToken cancellationToken)
    {
        var socket = await listener.AcceptSocketAsync(cancellationToken);
        await socket.ReceiveAsync(new byte[4096], cancellationToken);
        await socket.SendAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
        return socket;
    }
}
