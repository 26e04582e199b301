using System.Net;
using System.Net.Sockets;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Storage.S3;
using StellaOps.Backup.Testing.Network;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Storage.Tests.S3;

/// <summary>A real server behind a connection on which things go wrong: success after a repetition, or a clear failure; never a wrong object.</summary>
public sealed class S3FaultTests(S3Fixture server) : IAsyncLifetime
{
    private const int Length = 2_000_000;
    private static readonly byte[] Content = MakeContent(Length);
    private string _bucket = "";
    private FaultyProxy _proxy = null!;
    private IObjectStore _store = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bucket = await server.CreateBucketAsync(cancellationToken: Cancellation);
        _proxy = new FaultyProxy(server.Endpoint);
        _store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        await _store.ProbeAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    public static TheoryData<string> Passing => ["slow down", "internal error", "unavailable", "gateway", "cut before the body", "cut in the body",
        "answer cut", "answer lost", "bit flipped", "body too slow", "conflict", "request timeout"];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task A_create_gets_through_what_passes(string fault)
    {
        var rule = _proxy.Add(Rule(fault, "PUT"));
        await _store.PutAsync("object", Content, PutMode.Create, Cancellation);
        Assert.True(rule.Struck);
        await AssertStoredAsync("object");
    }

    [Theory]
    [InlineData("slow down")]
    [InlineData("internal error")]
    [InlineData("answer cut")]
    [InlineData("answer cut in the body")]
    [InlineData("answer lost")]
    public async Task A_read_gets_through_what_passes(string fault)
    {
        await _store.PutAsync("object", Content, PutMode.Create, Cancellation);
        var rule = _proxy.Add(Rule(fault, "GET"));
        var read = new byte[Length];
        Assert.Equal(Length, await _store.ReadAsync("object", 0, read, Cancellation));
        Assert.True(rule.Struck);
        Assert.True(Content.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_listing_goes_on_after_a_page_that_failed()
    {
        for (var i = 0; i < 3; i++)
        {
            await _store.PutAsync($"folder/{i}", Content.AsMemory(0, i), PutMode.Create, Cancellation);
        }

        var rules = new[] { "slow down", "answer cut" }.Select(fault => _proxy.Add(Rule(fault, "GET"))).ToList();
        Assert.Equal(3, await _store.ListAsync("folder/", Cancellation).CountAsync(Cancellation));
        Assert.All(rules, rule => Assert.True(rule.Struck));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<NextContinuationToken></NextContinuationToken>")]
    [InlineData("<NextContinuationToken>again</NextContinuationToken>")]
    public async Task A_listing_that_the_server_does_not_page_fails_and_is_not_short(string token)
    {
        _proxy.Add(new ProxyRule { Of = "GET", Answer = CutPage("ListBucketResult", token), Times = 3 });
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await _store.ListAsync("", Cancellation).CountAsync(Cancellation));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        Assert.Contains("does not page its listings", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<NextPartNumberMarker>0</NextPartNumberMarker>")]
    [InlineData("<NextPartNumberMarker>7</NextPartNumberMarker>")]
    public async Task An_upload_whose_parts_the_server_does_not_page_is_not_swept(string marker)
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(25));
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint), clock);
        using var client = server.CreateClient();
        await client.InitiateMultipartUploadAsync(_bucket, "data/large", Cancellation);
        _proxy.Add(new ProxyRule { Of = $"GET /{_bucket}/data/large?", Answer = CutPage("ListPartsResult", marker), Times = 2 });
        Assert.Equal(0, await store.SweepAsync("data/", Cancellation));
    }

    [Fact]
    public async Task A_delete_whose_answer_was_lost_is_done()
    {
        await _store.PutAsync("object", Content, PutMode.Create, Cancellation);
        _proxy.Add(Rule("answer lost", "DELETE"));
        await _store.DeleteAsync("object", Cancellation);
        Assert.Null(await _store.FindAsync("object", Cancellation));
    }

    [Theory]
    [InlineData("slow down")]
    [InlineData("cut in the body")]
    [InlineData("bit flipped")]
    [InlineData("answer lost")]
    public async Task Large_content_gets_through_what_hits_a_part(string fault)
    {
        var content = MakeContent((16 << 20) + 1000);
        _proxy.Add(Rule(fault, "PUT"));
        await _store.PutAsync("large", new MemoryStream(content), PutMode.Create, Cancellation);
        var read = await _store.ReadAllAsync("large", content.Length, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Theory]
    [InlineData("slow down")]
    [InlineData("answer lost")]
    [InlineData("request timeout")]
    [InlineData("error in a success")]
    public async Task Large_content_gets_through_what_hits_its_completion(string fault)
    {
        var content = MakeContent((16 << 20) + 1000);
        _proxy.Add(Rule(fault, $"POST /{_bucket}/large?uploadId="));
        await _store.PutAsync("large", new MemoryStream(content), PutMode.Create, Cancellation);
        var read = await _store.ReadAllAsync("large", content.Length, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    /// <summary>The server gets the time that it takes, and the call is not repeated meanwhile.</summary>
    [Fact]
    public async Task A_completion_that_takes_longer_than_a_stall_is_waited_for()
    {
        var settings = server.Location(_bucket, endpoint: _proxy.Endpoint);
        settings.StallSeconds = 2;
        await using var store = ObjectStoreFactory.Open(settings);
        var completions = 0;
        _proxy.Add(new ProxyRule
        {
            Of = $"POST /{_bucket}/large?uploadId=",
            Times = int.MaxValue,
            Hold = token =>
            {
                Interlocked.Increment(ref completions);
                return Task.Delay(TimeSpan.FromSeconds(3), token);
            },
        });
        var content = MakeContent((16 << 20) + 1000);
        await store.PutAsync("large", new MemoryStream(content), PutMode.Create, Cancellation);
        Assert.Equal(1, completions);
        var read = await _store.ReadAllAsync("large", content.Length, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_completion_whose_answer_was_lost_is_seen_to_be_done_before_it_is_repeated()
    {
        await using var once = new S3OnceStore(server, _bucket, _proxy.Endpoint);
        var content = MakeContent((16 << 20) + 1000);
        var rule = _proxy.Add(Rule("answer lost", $"POST /{_bucket}/large?uploadId="));
        await once.Store.PutAsync("large", new MemoryStream(content), PutMode.Create, Cancellation);
        Assert.True(rule.Struck);
        var read = await _store.ReadAllAsync("large", content.Length, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Theory]
    [InlineData("answer lost")]
    [InlineData("request timeout")]
    public async Task A_copy_in_parts_gets_through_what_hits_its_completion(string fault)
    {
        const int part = 5 << 20; // The least that servers take.
        var settings = server.Location(_bucket, endpoint: _proxy.Endpoint);
        await using var store = new S3ObjectStore((S3Address)LocationAddress.Parse(settings.Url), settings, 16, new RetryPolicy(TimeProvider.System), TimeProvider.System) { PartLength = part, LargestCopy = 5 * part };
        var content = MakeContent((5 * part) + 1000);
        await store.PutAsync("original", content, PutMode.Create, Cancellation);
        var rule = _proxy.Add(Rule(fault, $"POST /{_bucket}/copy?uploadId="));
        await store.CopyAsync("original", "copy", Cancellation);
        Assert.True(rule.Struck);
        var read = await _store.ReadAllAsync("copy", content.Length, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    /// <summary>As a bucket does that has a retention of its own.</summary>
    [Fact]
    public async Task A_bucket_that_takes_no_put_without_a_checksum_keeps_creators_apart_all_the_same()
    {
        _proxy.Add(new ProxyRule { Of = "PUT", When = head => !Has(head, "Content-MD5"), Answer = ProxyRule.Refusal(400, "InvalidRequest"), Times = int.MaxValue });
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        var features = await store.ProbeAsync(Cancellation);
        Assert.True(features.ConditionalCreate);
        Assert.Equal(await _store.ProbeAsync(Cancellation), features); // Which asked before.
    }

    [Theory]
    [InlineData(400, "RequestTimeout")]
    [InlineData(400, "BadRequest")] // Of what stands before the server.
    [InlineData(501, "Unsupported")]
    [InlineData(503, "SlowDown")]
    public async Task One_refusal_of_the_condition_that_passes_does_not_switch_it_off(int status, string code)
    {
        var rule = _proxy.Add(new ProxyRule { Of = "PUT", Answer = ProxyRule.Refusal(status, code) });
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        Assert.True((await store.ProbeAsync(Cancellation)).ConditionalCreate);
        Assert.True(rule.Struck);
    }

    [Theory]
    [InlineData(400, "InvalidArgument")]
    [InlineData(501, "Unsupported")]
    public async Task A_server_that_refuses_the_condition_itself_is_looked_at_before_a_create(int status, string code)
    {
        _proxy.Add(new ProxyRule { When = head => Has(head, "If-None-Match"), Answer = ProxyRule.Refusal(status, code), Times = int.MaxValue });
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        Assert.False((await store.ProbeAsync(Cancellation)).ConditionalCreate);
        await store.PutAsync("object", Content, PutMode.Create, Cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content.AsMemory(1), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        await AssertStoredAsync("object");
    }

    [Theory]
    [InlineData(400, "BadRequest")] // Of what stands before the server.
    [InlineData(501, "Unsupported")]
    [InlineData(503, "SlowDown")]
    public async Task One_refusal_of_a_completion_that_passes_does_not_switch_its_condition_off(int status, string code)
    {
        var completion = $"POST /{_bucket}/{S3Probe.Key}?uploadId=";
        var refusal = _proxy.Add(new ProxyRule { Of = completion, Answer = ProxyRule.Refusal(status, code) });
        _proxy.Add(new ProxyRule { Of = completion, Answer = ProxyRule.Refusal(412, "PreconditionFailed") }); // As servers do that know the condition; Ceph 16 does not.
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        Assert.True((await store.ProbeAsync(Cancellation)).ConditionalCreateInParts);
        Assert.True(refusal.Struck);
    }

    [Fact]
    public async Task A_server_that_refuses_the_condition_of_a_completion_twice_does_not_know_it()
    {
        var rule = _proxy.Add(new ProxyRule { Of = $"POST /{_bucket}/{S3Probe.Key}?uploadId=", Answer = ProxyRule.Refusal(501, "Unsupported"), Times = 2 });
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        Assert.False((await store.ProbeAsync(Cancellation)).ConditionalCreateInParts);
        Assert.True(rule.Struck);
    }

    [Fact]
    public async Task A_refusal_of_every_put_is_named_and_says_nothing_of_the_condition()
    {
        _proxy.Add(new ProxyRule { Of = "PUT", Answer = ProxyRule.Refusal(400, "InvalidRequest"), Times = int.MaxValue });
        await using var store = ObjectStoreFactory.Open(server.Location(_bucket, endpoint: _proxy.Endpoint));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.ProbeAsync(Cancellation));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        Assert.Contains("InvalidRequest", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "AccessDenied", StorageFailure.PermissionDenied, "denies s3:PutObject on")]
    [InlineData(403, "QuotaExceeded", StorageFailure.Full, "no space or quota")]
    [InlineData(301, "PermanentRedirect", StorageFailure.Misconfigured, "is not in region")]
    [InlineData(400, "AuthorizationHeaderMalformed", StorageFailure.Misconfigured, "is not in region")]
    [InlineData(507, "InsufficientStorage", StorageFailure.Full, "no space left")]
    public async Task What_stays_is_named_and_not_repeated(int status, string code, StorageFailure kind, string why)
    {
        _proxy.Add(new ProxyRule { Of = "PUT", Answer = ProxyRule.Refusal(status, code), Times = int.MaxValue });
        var before = _proxy.Requests;
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await _store.PutAsync("object", Content, PutMode.Create, Cancellation));
        Assert.Equal(kind, failure.Failure);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, _proxy.Requests - before);
    }

    [Fact]
    public async Task A_clock_that_stays_off_is_named()
    {
        _proxy.Add(new ProxyRule { Answer = ProxyRule.Refusal(403, "RequestTimeTooSkewed"), Times = int.MaxValue });
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await _store.ReadAsync("a", 0, new byte[1], Cancellation));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        Assert.Contains("clocks", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_recovers_is_a_failure_that_may_pass()
    {
        _proxy.Add(new ProxyRule { Answer = ProxyRule.Refusal(503, "SlowDown"), Times = int.MaxValue });
        var settings = server.Location(_bucket, endpoint: _proxy.Endpoint);
        settings.RetrySeconds = 1;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAsync("object", 0, new byte[1], Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Contains("slow down", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        var settings = server.Location(_bucket, endpoint: new Uri($"http://127.0.0.1:{Testing.Machine.FreePorts.Next()}"));
        settings.RetrySeconds = 0;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content, PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>As of a machine that vanished: nobody answers, not even that nobody is there. Takes as long as a connection may take to be made.</summary>
    [Fact]
    public async Task A_server_that_answers_no_connection_is_a_failure_that_may_pass()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        using var queue = new FullQueue((IPEndPoint)listener.LocalEndPoint!);
        var settings = server.Location(_bucket, endpoint: new Uri($"http://{listener.LocalEndPoint}"));
        settings.RetrySeconds = 0;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAsync("object", 0, new byte[1], Cancellation));
        Assert.Equal(StorageFailure.Unavailable, failure.Failure);
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_a_wrong_setting()
    {
        var settings = server.Location(_bucket, endpoint: new UriBuilder(server.Endpoint) { Scheme = "https" }.Uri);
        settings.RetrySeconds = 0;
        await using var store = ObjectStoreFactory.Open(settings);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content, PutMode.Create, Cancellation));
        Assert.Contains("TLS", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(failure.Failure, (StorageFailure[])[StorageFailure.Misconfigured, StorageFailure.Unavailable]);
    }

    [Fact]
    public async Task A_cancelled_put_leaves_nothing_visible()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        _proxy.Add(new ProxyRule { Of = "PUT", Hold = token => source.CancelAsync().WaitAsync(token), CutRequestAt = 1000 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.PutAsync("object", Content, PutMode.Create, source.Token));
        Assert.Null(await _store.FindAsync("object", Cancellation));
    }

    [Fact]
    public async Task A_damaged_body_is_refused_by_the_server()
    {
        await using var once = new S3OnceStore(server, _bucket, _proxy.Endpoint);
        await once.Store.ProbeAsync(Cancellation);
        _proxy.Add(Rule("bit flipped", "PUT"));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await once.Store.PutAsync("object", Content, PutMode.Replace, Cancellation));
        Assert.Contains("damaged on the way", failure.Message, StringComparison.Ordinal);
        Assert.Null(await _store.FindAsync("object", Cancellation));
    }

    private async Task AssertStoredAsync(string key)
    {
        await using var direct = ObjectStoreFactory.Open(server.Location(_bucket));
        var read = await direct.ReadAllAsync(key, Length, Cancellation);
        Assert.True(Content.AsSpan().SequenceEqual(read));
    }

    private static bool Has(string head, string header) => head.Contains($"\r\n{header}:", StringComparison.OrdinalIgnoreCase);

    private static ProxyRule Rule(string fault, string of) => fault switch
    {
        "slow down" => new() { Of = of, Answer = ProxyRule.Refusal(503, "SlowDown"), Times = 3 },
        "internal error" => new() { Of = of, Answer = ProxyRule.Refusal(500, "InternalError"), Times = 2 },
        "request timeout" => new() { Of = of, Answer = ProxyRule.Refusal(400, "RequestTimeout"), Times = 2 },
        "error in a success" => new() { Of = of, Answer = ProxyRule.Refusal(200, "InternalError") },
        "unavailable" => new() { Of = of, Answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
        "gateway" => new() { Of = of, Answer = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>" },
        "conflict" => new() { Of = of, Answer = ProxyRule.Refusal(409, "ConditionalRequestConflict") },
        "cut before the body" => new() { Of = of, CutRequestAt = 0 },
        "cut in the body" => new() { Of = of, CutRequestAt = 1_000_000 },
        "answer cut" => new() { Of = of, CutAnswerAt = 30 },
        "answer cut in the body" => new() { Of = of, CutAnswerAt = 1_000_000 },
        "answer lost" => new() { Of = of, LoseAnswer = true },
        "bit flipped" => new() { Of = of, FlipRequestAt = 1_000_000 },
        "body too slow" => new() { Of = of, Hold = token => Task.Delay(200, token) },
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    /// <summary>A page of a listing behind which there is more.</summary>
    private static string CutPage(string kind, string next)
    {
        var body = $"<?xml version=\"1.0\"?><{kind}><IsTruncated>true</IsTruncated>{next}</{kind}>";
        return $"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    /// <summary>Connections that nobody accepts: once there are enough, the system answers no more.</summary>
    private sealed class FullQueue : IDisposable
    {
        private readonly List<Socket> _waiting = [];

        internal FullQueue(IPEndPoint listener)
        {
            for (var i = 0; i < 8; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _waiting.Add(socket);
                try
                {
                    socket.Connect(listener);
                }
                catch (SocketException exception) when (exception.SocketErrorCode is SocketError.InProgress or SocketError.WouldBlock)
                {
                }
            }
        }

        public void Dispose() => _waiting.ForEach(socket => socket.Dispose());
    }

    /// <summary>The store without repetitions.</summary>
    private sealed class S3OnceStore(S3Fixture server, string bucket, Uri endpoint) : IAsyncDisposable
    {
        internal IObjectStore Store { get; } = Open(server.Location(bucket, endpoint: endpoint));

        public ValueTask DisposeAsync() => Store.DisposeAsync();

        private static IObjectStore Open(LocationSettings settings)
        {
            settings.RetrySeconds = 0;
            return ObjectStoreFactory.Open(settings);
        }
    }
}
