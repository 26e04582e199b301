using Microsoft.Extensions.Options;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>The secondary location, where one is configured, and what this process last saw of it.</summary>
internal sealed class SecondaryLocation : IAsyncDisposable
{
    private readonly PointVerifier _verifier;
    private volatile string? _problem;

    public SecondaryLocation(IOptions<SecondarySettings> settings, PointVerifier verifier, TimeProvider clock)
    {
        _verifier = verifier;
        var location = settings.Value.ToLocation();
        Store = location is null ? null : ObjectStoreFactory.Open(location, clock);
        IsDirectory = location is not null && LocationAddress.Parse(location.Url) is LocalAddress;
    }

    /// <summary>It may be that of a disk that is not mounted. An empty bucket is what somebody wanted.</summary>
    public bool IsDirectory { get; }

    /// <summary>Null where none is configured.</summary>
    public IObjectStore? Store { get; }

    /// <summary>Its points. Only where one is configured.</summary>
    public PointStore Points => new(Store!, _verifier);

    /// <summary>Why nothing is copied now; null while all is well.</summary>
    public string? Problem
    {
        get => _problem;
        set => _problem = value;
    }

    public ValueTask DisposeAsync() => Store?.DisposeAsync() ?? ValueTask.CompletedTask;
}
