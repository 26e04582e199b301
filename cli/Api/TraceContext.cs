using System.Diagnostics;

namespace StellaOps.Backup.Cli.Api;

/// <summary>The trace that all requests of one run belong to: the caller's, when a <c>TRACEPARENT</c> is set, else a new one.</summary>
internal sealed class TraceContext
{
    private readonly ActivityTraceId _trace;

    public TraceContext() => _trace =
        ActivityContext.TryParse(Environment.GetEnvironmentVariable("TRACEPARENT"), null, out var caller)
            ? caller.TraceId
            : ActivityTraceId.CreateRandom();

    /// <summary>32 hex digits.</summary>
    public string Id => _trace.ToHexString();

    /// <summary>Value of the header of one request.</summary>
    public string NewParent() => $"00-{Id}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
}
