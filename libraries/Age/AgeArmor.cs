using StellaOps.Backup.Age.Streams;

namespace StellaOps.Backup.Age;

/// <summary>ASCII armor (c2sp.org/age, "ASCII Armor"): strict PEM around the bytes of an age file.</summary>
public static class AgeArmor
{
    internal const int Columns = 64;

    /// <summary>The first line, by which an armored file is told from a binary one.</summary>
    public static ReadOnlySpan<byte> Begin => "-----BEGIN AGE ENCRYPTED FILE-----"u8;

    internal static ReadOnlySpan<byte> End => "-----END AGE ENCRYPTED FILE-----"u8;

    /// <summary>The bytes inside of armor. Reads from it throw <see cref="AgeFailure.ArmorFailure"/> at the first deviation.</summary>
    public static Stream OpenRead(Stream armored, bool leaveOpen = false) => new ArmorDecodingStream(armored, leaveOpen);
}
