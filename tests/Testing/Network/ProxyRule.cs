namespace StellaOps.Backup.Testing.Network;

/// <summary>What goes wrong with which request.</summary>
public sealed class ProxyRule
{
    private int _left = 1;

    /// <summary>Start of the request line: <c>PUT /bucket/key</c>, or only <c>PUT</c>.</summary>
    public string Of { get; init; } = "";

    /// <summary>Which of these, by the request line and the headers.</summary>
    public Func<string, bool> When { get; init; } = _ => true;

    /// <summary>How many requests are hit.</summary>
    public int Times { init => _left = value; }

    /// <summary>The whole answer that is given in place of the server's, which sees nothing.</summary>
    public string? Answer { get; init; }

    /// <summary>Bytes of the request's body after which both connections are reset.</summary>
    public long? CutRequestAt { get; init; }

    /// <summary>Byte of the request's body of which a bit is flipped.</summary>
    public long? FlipRequestAt { get; init; }

    /// <summary>Bytes of the answer, head included, after which the client's connection is reset.</summary>
    public long? CutAnswerAt { get; init; }

    /// <summary>The server does it, and its client never learns.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>Waited for before the request is looked at further.</summary>
    public Func<CancellationToken, Task>? Hold { get; init; }

    /// <summary>True once it has hit as often as it may.</summary>
    public bool Struck => Volatile.Read(ref _left) <= 0;

    /// <summary>An answer of an S3 server that refuses.</summary>
    public static string Refusal(int status, string code) => Text(status, $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code} was injected</Message></Error>");

    internal bool Strikes(string head) => head.StartsWith(Of, StringComparison.Ordinal) && When(head) && !Struck && Interlocked.Decrement(ref _left) >= 0;

    private static string Text(int status, string body) =>
        $"HTTP/1.1 {status} Injected\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
}
