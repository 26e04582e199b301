namespace StellaOps.Backup.Testing.Storage;

/// <summary>What goes wrong with a call.</summary>
public enum Fault
{
    /// <summary>The call fails, nothing happens; the next ones work.</summary>
    Fail,

    /// <summary>The call and all later ones that match fail.</summary>
    FailAlways,

    /// <summary>The call takes effect, but its caller is told that it failed, as when a connection breaks before the answer.</summary>
    LoseAnswer,

    /// <summary>
    /// The call takes half effect and then fails: a put leaves an object with the first half of its content (which no store may do, and
    /// broken ones do), a listing breaks off in its middle, a read answers half of the bytes without any failure. Others lose their answer.
    /// </summary>
    Tear,

    /// <summary>The call waits for <see cref="FaultRule.Delay"/>, then it works.</summary>
    Delay,

    /// <summary>The process dies before the call does anything: it and all later calls throw, and nothing more reaches the store.</summary>
    Crash,

    /// <summary>The call takes effect, then the process dies: its caller never learns.</summary>
    CrashAfter,
}

/// <summary>Thrown in place of the death of the process; nothing in the product catches it.</summary>
public sealed class CrashException() : Exception("the process died here");
