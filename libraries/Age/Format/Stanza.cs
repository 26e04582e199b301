namespace StellaOps.Backup.Age.Format;

/// <summary>A recipient stanza: <c>-> Type Argument …</c> and its decoded body.</summary>
public sealed record Stanza(string Type, IReadOnlyList<string> Arguments, ReadOnlyMemory<byte> Body);
