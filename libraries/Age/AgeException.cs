namespace StellaOps.Backup.Age;

/// <summary>Why an age file, or a key, was refused. The first five are those of the C2SP test vectors.</summary>
public enum AgeFailure
{
    /// <summary>The file is well formed, and none of the identities opens it.</summary>
    NoMatch,

    /// <summary>The header is not what the specification allows, or a stanza is malformed.</summary>
    HeaderFailure,

    /// <summary>The file key was found, and the header was altered after it was written.</summary>
    HmacFailure,

    /// <summary>The content was altered, cut short or extended.</summary>
    PayloadFailure,

    /// <summary>The ASCII armor is not strict PEM.</summary>
    ArmorFailure,

    /// <summary>The text of a recipient or an identity is not a key that this library knows.</summary>
    InvalidKey,
}

/// <summary>An expected failure of age. The message never holds key material or content.</summary>
public sealed class AgeException(AgeFailure failure, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public AgeFailure Failure { get; } = failure;
}
