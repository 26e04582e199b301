namespace StellaOps.Backup.Repository.Packs;

/// <summary>Takes blobs in plain to the places that wait for them. Of one thread at a time.</summary>
internal interface IBlobTaker<T>
{
    /// <summary>Whether a place begins where a blob of <paramref name="length"/> bytes ends in another one.</summary>
    bool Follows(T place, int length, T next);

    /// <summary>Takes one blob, or several that follow one another, to one place.</summary>
    /// <param name="content">Valid during the call.</param>
    /// <param name="place">Where it begins.</param>
    /// <param name="blobs">How many they are.</param>
    void Take(ReadOnlySpan<byte> content, T place, int blobs);
}
