namespace StellaOps.Backup.Storage;

/// <summary>What a store was seen to do.</summary>
/// <param name="ConditionalCreate">
/// Of several creators of one key exactly one wins. Where it is false, <see cref="PutMode.Create"/> looks before it writes, and
/// two writers in the same moment may both believe that they created the object.
/// </param>
/// <param name="Versioning">Replaced and deleted objects are kept as older versions.</param>
/// <param name="ObjectLock">Objects can be put under a retention that nobody shortens.</param>
public sealed record StoreFeatures(bool ConditionalCreate, bool Versioning, bool ObjectLock)
{
    /// <summary>The same for content that is too large for one request. Where it is false, a create of such content looks before it writes.</summary>
    public bool ConditionalCreateInParts { get; init; } = ConditionalCreate;

    /// <summary>A store of one's own file system: creation is atomic, nothing is kept.</summary>
    public static StoreFeatures Complete { get; } = new(ConditionalCreate: true, Versioning: false, ObjectLock: false);
}
