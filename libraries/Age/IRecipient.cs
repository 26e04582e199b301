using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age;

/// <summary>Someone who can open a file: wraps the file key into a stanza of the header.</summary>
public interface IRecipient
{
    /// <summary>Wraps the 16-byte file key. Called once for each file; stanzas of one recipient all have the same length.</summary>
    Stanza Wrap(ReadOnlySpan<byte> fileKey);
}
