using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age;

/// <summary>A secret that opens files: unwraps the file key from the stanza that was made for it.</summary>
public interface IIdentity
{
    /// <summary>Writes the 16-byte file key and returns true, or returns false when no stanza is for this identity.</summary>
    /// <exception cref="AgeException"><see cref="AgeFailure.HeaderFailure"/>: a stanza of the identity's type is malformed.</exception>
    bool TryUnwrap(IReadOnlyList<Stanza> stanzas, Span<byte> fileKey);
}
